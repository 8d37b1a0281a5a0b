import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { moduleVersion } from "../../airgap/inputs.ts";
import { projectDir } from "../../lib/paths.ts";
import { attempt } from "../../lib/process.ts";
import { contractProgram } from "./support/tools.ts";

const folder = join(projectDir, ".github/workflows");
const files = readdirSync(folder);

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What actionlint finds, without the tools that not every machine has. */
async function lint(text: string): Promise<string> {
  const { all } = await attempt(contractProgram("actionlint"), ["-no-color", "-shellcheck=", "-pyflakes=", "-"], { input: text });
  return all;
}

describe.each(files)("%s", (file) => {
  const text = readFileSync(join(folder, file), "utf8");
  const workflow = parse(text) as Workflow;
  const jobs = Object.values(workflow.jobs);

  test("passes actionlint", async () => {
    expect(await lint(text)).toBe("");
  });

  test("pins every action by the commit of a release that it names", () => {
    const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("may no more than it needs: read, write a comment, and say to AWS who it is", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    // Nothing is stored: neither keys of AWS nor tokens.
    expect(text).not.toMatch(/secrets\.|access[-_]key/i);
    for (const { permissions = {}, if: guard = "" } of jobs) {
      expect(["contents", "id-token", "pull-requests"]).toEqual(expect.arrayContaining(Object.keys(permissions)));
      if (permissions["id-token"] === "write") {
        expect(guard).toContain("github.event.pull_request.head.repo.full_name == github.repository");
      }
    }
  });

  test("ends, and gives way to what follows it", () => {
    expect(workflow.concurrency).toBeDefined();
    for (const job of jobs) expect(job["timeout-minutes"]).toBeLessThanOrEqual(90);
  });

  test("installs the versions that the project has", () => {
    const { dependencies } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const [, version] of text.matchAll(/pulumi-version: (.*)$/gm)) expect(version).toBe(dependencies["@pulumi/pulumi"]);
    for (const [, version] of text.matchAll(/sigs\.k8s\.io\/kind@(\S+)/g))
      expect(version).toBe(moduleVersion("sigs.k8s.io/kind"));
  });
});

test("previews are made of the stacks that are not built here", () => {
  const { jobs } = parse(readFileSync(join(folder, "preview.yml"), "utf8")) as Workflow;
  expect(Object.keys(jobs)).toEqual(["dev", "eks"]);
});

test.each([
  ["a job that needs one that is not there", "needs: nothing", /needs job "nothing" which does not exist/],
  ["a runner that there is none of", "runs-on: debian-12", /label "debian-12" is unknown/],
  [
    "a property that the event lacks",
    "if: github.event.pull_request.nothing.more == github.nothing",
    /property "nothing" is not defined/,
  ],
])("actionlint refuses %s", async (_what, line, message) => {
  const broken = ["on: push", "jobs:", "  job:", "    runs-on: ubuntu-24.04", "    steps: [{ run: make }]"].filter(
    (given) => !given.includes(line.split(":")[0] ?? ""),
  );
  expect(await lint([...broken.slice(0, 3), `    ${line}`, ...broken.slice(3)].join("\n"))).toMatch(message);
});
