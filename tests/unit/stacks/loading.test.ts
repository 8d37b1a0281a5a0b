import { expect, test } from "@jest/globals";
import { execa } from "execa";
import { projectDir } from "../../../lib/paths.ts";

/** Which of Pulumi's packages registering a stack loads, in a process of its own. */
async function packagesOf(stack: string): Promise<readonly string[]> {
  const words = ["--import", "tsx", "bench/registration.ts", stack];
  // A test runner's own options would load more than the program does.
  const { stdout } = await execa("node", words, { cwd: projectDir, env: { NODE_OPTIONS: "" } });
  const { packages } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { packages: readonly string[] };
  return packages;
}

/** In milliseconds: the process shares the machine with other tests. */
const timeout = 120_000;

test.each(["local", "dev"])(
  "the stack %s loads none of AWS's packages",
  async (stack) => {
    const packages = await packagesOf(stack);
    expect(packages).toContain("@pulumi/kubernetes");
    for (const name of ["@pulumi/aws", "@pulumi/eks"]) expect(packages).not.toContain(name);
  },
  timeout,
);

test(
  "the stack eks loads them",
  async () => {
    expect(await packagesOf("eks")).toEqual(expect.arrayContaining(["@pulumi/aws", "@pulumi/eks"]));
  },
  timeout,
);
