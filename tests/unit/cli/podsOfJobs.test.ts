import { describe, expect, test } from "vitest";
import { podHealth, readPods } from "../../../cli/kubernetes/pods.ts";

/*
 * How the pods of jobs are: the last one decides, whatever became of those before it.
 */

interface Shape {
  readonly app?: string;
  /** The Job that made it. @default the one that is called as the app */
  readonly job?: string;
  /** In the order of which they were created, in minutes. */
  readonly at: number;
  readonly phase?: "Succeeded" | "Failed" | "Running";
  readonly exitCode?: number;
  readonly namespace?: string;
}

/** A pod of a Job, which is named after the time at which it was created. */
function podOf({ app = "migrate", job = app, at, phase = "Failed", exitCode = 1, namespace = "prod" }: Shape) {
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString();
  const labels = { app, "job-name": job };
  const ready = { type: "Ready", status: phase === "Running" ? "True" : "False" };
  return {
    metadata: { name: `${job}-${at}`, namespace, labels, creationTimestamp, ownerReferences: [{ kind: "Job" }] },
    status: { phase, conditions: [ready], containerStatuses: [{ name: app, image: "i", state: { terminated: { exitCode } } }] },
  };
}

const read = (items: readonly object[]) => readPods(async () => ({ ok: true, stdout: JSON.stringify({ items }), all: "" }));
const problems = async (...items: object[]) => (await read(items)).flatMap(({ problem }) => problem ?? []);

describe("of the tries of a job the last one decides", () => {
  test("when it went well, earlier ones do not count", async () => {
    expect(await read([podOf({ at: 1 }), podOf({ at: 3, phase: "Succeeded" }), podOf({ at: 2 })])).toEqual([{}]);
  });

  test("while it is under way, too", async () => {
    expect(await read([podOf({ at: 2, phase: "Running" }), podOf({ at: 1 })])).toEqual([{}]);
  });

  test("when it failed, it alone is told, with what its container ended with", async () => {
    expect(
      await problems(podOf({ at: 2, exitCode: 1 }), podOf({ at: 3, exitCode: 137 }), podOf({ at: 1, phase: "Succeeded" })),
    ).toEqual(["prod/migrate-3 has failed: migrate ended with 137"]);
  });

  test("and of a schedule the last run, whichever Job made it", async () => {
    const runs = [1, 2].map((at) => podOf({ app: "report", job: `report-2940${at}`, at }));
    expect(await problems(...runs)).toEqual(["prod/report-29402-2 has failed: report ended with 1"]);
    expect(await problems(...runs, podOf({ app: "report", job: "report-29403", at: 3, phase: "Succeeded" }))).toEqual([]);
  });
});

test("each job is judged by itself, in each namespace", async () => {
  const pods = [
    podOf({ at: 1 }),
    podOf({ at: 2, app: "report", phase: "Succeeded" }),
    podOf({ at: 3, namespace: "other", phase: "Succeeded" }),
  ];
  expect(await problems(...pods)).toEqual(["prod/migrate-1 has failed: migrate ended with 1"]);
});

test("jobs of others are told apart by their names", async () => {
  const theirs = (job: string, at: number, phase: "Succeeded" | "Failed") => {
    const { metadata, ...rest } = podOf({ job, at, phase });
    return { ...rest, metadata: { ...metadata, labels: { "job-name": job } } };
  };
  expect(await problems(theirs("backup", 1, "Failed"), theirs("clean", 2, "Succeeded"))).toEqual([
    "prod/backup-1 has failed: migrate ended with 1",
  ]);
});

test("pods of others count each, whatever labels they share", async () => {
  const replica = (at: number) => {
    const { metadata, ...rest } = podOf({ app: "shop", at });
    return { ...rest, metadata: { ...metadata, ownerReferences: [{ kind: "ReplicaSet" }] } };
  };
  expect(await problems(replica(1), replica(2))).toHaveLength(2);
});

test("a pod that failed says how each of its containers ended that did not end well", () => {
  const ended = (name: string, exitCode: number) => ({ name, image: "i", state: { terminated: { exitCode } } });
  const failed = (...containerStatuses: object[]) =>
    podHealth({ metadata: { name: "p", namespace: "n" }, status: { phase: "Failed", containerStatuses } } as Parameters<
      typeof podHealth
    >[0]);
  expect(failed(ended("a", 2), ended("b", 0), ended("c", 143)).problem).toBe("n/p has failed: a ended with 2, c ended with 143");
  expect(failed(ended("b", 0)).problem).toBe("n/p has failed");
  expect(failed().problem).toBe("n/p has failed");
});
