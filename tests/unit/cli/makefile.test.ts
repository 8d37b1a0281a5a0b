import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processMemory } from "../../../cli/kind/status.ts";
import { podHealth, readPods } from "../../../cli/kubernetes/pods.ts";
import { missingTools } from "../../../cli/preflight.ts";
import { Timings } from "../../../cli/support/timings.ts";
import { ask, listUrls } from "../../../cli/support/url.ts";
import { projectDir } from "../../../lib/paths.ts";

const make = (...args: string[]) => execFileSync("make", ["--silent", ...args], { cwd: projectDir, encoding: "utf8" });
const targets = [
  "up",
  "preview",
  "down",
  "status",
  "env",
  "test",
  "unit",
  "contract",
  "wire",
  "bench",
  "report",
  "lint",
  "clean",
];

test("a bare make lists every target with one line of help", () => {
  const help = make()
    .split("\n")
    .filter((line) => line.startsWith("  "));
  expect(help.map((line) => line.trim().split(/\s+/)[0])).toEqual(targets);
  for (const line of help) expect(line).toMatch(/^ {2}\S+\s+[a-z].{10,}/);
});

const makefile = readFileSync(join(projectDir, "Makefile"), "utf8");

test("every target installs what it needs, and passes its stack on", () => {
  for (const target of targets) expect(makefile).toMatch(new RegExp(`^${target}: \\$\\(installed\\) `, "m"));
  expect(make("--dry-run", "up", "STACK=other")).toMatch(/cli\/main\.ts up --stack 'other'/);
  expect(make("--dry-run", "wire", "T=(a|b)", "STACK=other")).toMatch(/cli\/main\.ts test wire '\(a\|b\)' --stack 'other'/);
});

test("what draws the report is installed by those targets alone that draw it, or check its sources", () => {
  const drawing = targets.filter((target) => new RegExp(`^${target}:.*\\$\\(report_installed\\)`, "m").test(makefile));
  expect(drawing).toEqual(["test", "unit", "contract", "report", "lint"]);
});

const installed = {
  pulumi: /^pulumi is not on the PATH; pulumi\.com/,
  kind: /^kind is not on the PATH; kind\.sigs\.k8s\.io/,
  runtime: /^Neither docker nor podman/,
  kubectl: /^kubectl is not on the PATH; kubernetes\.io/,
  aws: /^aws is not on the PATH; docs\.aws/,
} as const;

test.each([
  ["kind", ["pulumi", "kind", "runtime"]],
  ["eks", ["pulumi", "kubectl", "aws"]],
  ["existing", ["pulumi", "kubectl"]],
] as const)(
  "published parts on %s: what is missing is told with where to read on, and nothing else is asked for",
  (target, tools) => {
    expect(missingTools({ target }, "/nowhere")).toEqual(tools.map((tool) => expect.stringMatching(installed[tool])));
  },
);

test("each question goes over a connection of its own: of several gateways, each gets some", async () => {
  let connections = 0;
  const server = createServer((_request, response) => response.end("here"));
  server.on("connection", () => connections++);
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    for (let asked = 0; asked < 3; asked++) expect(await ask(`http://127.0.0.1:${port}/`)).toBe("200");
  } finally {
    server.close();
  }
  expect(connections).toBe(3);
});

test("all addresses of a stack have a line each", () => {
  expect(listUrls({ a: "http://a", longer: "https://b" })).toEqual(["a       http://a", "longer  https://b"]);
  expect([listUrls(undefined), listUrls("http://a")]).toEqual([[], []]);
});

test("the table at the end has a line for each step, failed ones too, and one for all", async () => {
  const timings = new Timings();
  await timings.measure("cluster", async () => {});
  await expect(timings.measure("pulumi up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(timings.table()).toEqual([
    expect.stringMatching(/^ {2}cluster {4,}0\.\d s$/),
    expect.stringMatching(/^ {2}pulumi up {2,}0\.\d s$/),
    expect.stringMatching(/^ {2}all of it {2,}0\.\d s$/),
  ]);
});

describe("a pod", () => {
  const pod = (status: object) => podHealth({ metadata: { name: "p", namespace: "n" }, status: { phase: "Pending", ...status } });

  test("that is ready, or has done its work, has no problem", () => {
    expect(pod({ phase: "Succeeded" })).toEqual({});
    expect(pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] })).toEqual({});
  });

  test("that is not ready says what it waits for", () => {
    const waiting = { name: "c", state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } };
    expect(pod({ containerStatuses: [waiting] }).problem).toBe("n/p is not ready: c: ImagePullBackOff, no such image");
    const unscheduled = { type: "PodScheduled", status: "False", message: "0/3 nodes are available" };
    expect(pod({ conditions: [unscheduled] }).problem).toBe("n/p is not ready: 0/3 nodes are available");
    expect(pod({}).problem).toBe("n/p is not ready: Pending");
  });
});

test("a pod that ends counts for nothing, until it has outstayed its time, unless its successor waits for that", async () => {
  const ending = (deletionTimestamp: string, kind = "ReplicaSet") => ({
    metadata: { name: "p", namespace: "n", deletionTimestamp, ownerReferences: [{ kind }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] },
  });
  const [soon, past] = [60_000, -120_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const items = [ending(soon ?? ""), ending(past ?? ""), ending(soon ?? "", "StatefulSet")];
  const found = await readPods(async () => ({ ok: true, stdout: JSON.stringify({ items }), all: "" }));
  expect(found).toEqual([{ problem: `n/p should be gone since ${past}` }, { problem: "n/p is not ready: Running" }]);
});

test("memory is that of processes, in both versions of control groups", () => {
  expect(processMemory("cache 900\nrss 5\ntotal_cache 900\ntotal_rss 123\n")).toBe(123);
  expect(processMemory("anon 456\nfile 900\n")).toBe(456);
  expect(processMemory("")).toBe(0);
});
