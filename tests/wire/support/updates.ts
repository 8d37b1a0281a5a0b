import process from "node:process";
import { expect } from "@jest/globals";
import { execa } from "execa";
import { driftOf } from "../../../cli/drift/stackDrift.ts";
import { kubectlWith } from "../../../cli/kubernetes/kubectl.ts";
import { forgetUp, pulumi, stack, stackEnvironment } from "../../lib/runningStack.ts";
import { stateDrift } from "./stateDrift.ts";

/** A `pulumi up` at work. */
export interface Update {
  /** Waits until it says something. Fails when it ends without. */
  says(sign: RegExp): Promise<void>;
  /** Ends it at once, with every process that it started in its group. */
  kill(): void;
  /** Asks it to stop, as ^C does: it ends what it waits for and writes its state down. */
  interrupt(): void;
  /** Its exit code when it has ended; undefined when it was killed. */
  readonly ended: Promise<number | undefined>;
}

/** Starts plain `pulumi up` in a process group of its own, as a shell does. */
export async function startUp(...args: string[]): Promise<Update> {
  const flags = ["up", "--yes", "--skip-preview", "--non-interactive", "--color=never", "--stack", stack];
  const env = await stackEnvironment();
  await forgetUp();
  const child = execa("pulumi", [...flags, ...args], { env, detached: true, reject: false, stdin: "ignore", all: true });
  let said = "";
  child.all.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const signal = (name: "SIGKILL" | "SIGINT") => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch (error) {
      // All of it has ended already.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const ended = child.then(({ exitCode }) => exitCode);
  return {
    ended,
    says: (sign) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (sign.test(said)) resolve();
        };
        child.all.on("data", look);
        look();
        void ended.then(() => reject(new Error(`pulumi up ended before it said ${sign}:\n${said}`)));
      }),
    kill: () => signal("SIGKILL"),
    interrupt: () => signal("SIGINT"),
  };
}

/** What the state knows is what the cluster has, by name and by content. */
export async function expectNoDrift(): Promise<void> {
  const env = await stackEnvironment();
  const [found, drift] = await Promise.all([stateDrift(), driftOf({ name: stack, env }, kubectlWith(env))]);
  expect(found).toEqual({ lost: [], stray: [] });
  expect(drift).toEqual([]);
}

/** The same in Pulumi's own eyes, and nothing is left to do. */
export async function expectSettled(): Promise<void> {
  await expectNoDrift();
  for (const command of [["refresh", "--yes"], ["preview"]]) {
    const { exitCode, all } = await pulumi(...command, "--expect-no-changes");
    expect({ exitCode, all }).toMatchObject({ exitCode: 0 });
  }
}
