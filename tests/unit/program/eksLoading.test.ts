import { expect, test } from "@jest/globals";
import { execa } from "execa";
import { projectDir } from "../../../cli/support/paths.ts";

interface Measured {
  readonly seconds: number;
  readonly megabytes: number;
  readonly packages: readonly string[];
}

/** What registering a stack takes in a process of its own. */
async function measure(stack: string): Promise<Measured> {
  const words = ["--import", "tsx", "tests/bench/program.ts", stack];
  // A test runner's own options would load more than the program does.
  const { stdout } = await execa("node", words, { cwd: projectDir, env: { NODE_OPTIONS: "" } });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
}

/** In milliseconds: the process shares the machine with other tests. */
const patience = 120_000;

test.each(["local", "dev"])(
  "the stack %s loads none of AWS's packages, and little else",
  async (stack) => {
    const { packages, megabytes } = await measure(stack);
    expect(packages).toContain("@pulumi/kubernetes");
    for (const name of ["@pulumi/aws", "@pulumi/eks"]) expect(packages).not.toContain(name);
    expect(megabytes).toBeLessThan(500);
  },
  patience,
);

test(
  "the stack eks loads them, and is registered within 15 seconds and 1.5 GB",
  async () => {
    const { packages, seconds, megabytes } = await measure("eks");
    expect(packages).toEqual(expect.arrayContaining(["@pulumi/aws", "@pulumi/eks"]));
    expect(seconds).toBeLessThan(15);
    expect(megabytes).toBeLessThan(1500);
  },
  patience,
);
