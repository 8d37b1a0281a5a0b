import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";

let packages: Readonly<Record<string, readonly string[]>>;

/** Which of Pulumi's packages are loaded once a stack is registered, in a process of their own: `eks` is the last. */
beforeAll(async () => {
  const stacks = ["local", "dev", "eks"];
  const words = ["--import", "tsx", "tests/unit/stacks/support/loadedPackages.ts", ...stacks];
  // A test runner's own options would load more than the program does.
  const { stdout } = await execa("node", words, { cwd: projectDir, env: { NODE_OPTIONS: "" } });
  const lines = stdout.trim().split("\n").slice(-stacks.length);
  packages = Object.fromEntries(lines.map((line, index) => [stacks[index], JSON.parse(line)]));
}, 120_000);

test.each(["local", "dev"])("the stack %s loads none of AWS's packages", (stack) => {
  expect(packages[stack]).toContain("@pulumi/kubernetes");
  for (const name of ["@pulumi/aws", "@pulumi/eks"]) expect(packages[stack]).not.toContain(name);
});

test("the stack eks loads them", () => {
  expect(packages.eks).toEqual(expect.arrayContaining(["@pulumi/aws", "@pulumi/eks"]));
});
