import { readdir, readFile } from "node:fs/promises";
import process from "node:process";
import { listenerOn } from "../support/listeners.ts";
import type { PulumiStack } from "./stack.ts";

/** Where pulumi's plugins and its language host are told to find the engine that started them. */
const engineAddress = /(?:^|=)127\.0\.0\.1:(\d+)$/;

/**
 * Ends plugins whose engine was killed. They notice only after minutes, and until then go on with what they were told,
 * beside the next run.
 *
 * A plugin is ours when it has this stack's backend in its environment, and orphaned when nobody listens where its engine
 * was. Only Linux tells so much about processes.
 *
 * @returns how many there were.
 */
export async function endOrphans({ env }: PulumiStack): Promise<number> {
  const backend = env.PULUMI_BACKEND_URL;
  if (process.platform !== "linux" || !backend) return 0;
  let ended = 0;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const engines = (await words(pid, "cmdline")).flatMap((word) => engineAddress.exec(word)?.[1] ?? []);
    if (engines.length === 0 || !(await words(pid, "environ")).includes(`PULUMI_BACKEND_URL=${backend}`)) continue;
    if ((await Promise.all(engines.map((port) => listenerOn(Number(port))))).some(Boolean)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
      ended += 1;
    } catch {
      // It ended by itself.
    }
  }
  return ended;
}

async function words(pid: string, file: "cmdline" | "environ"): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")).split("\0");
}
