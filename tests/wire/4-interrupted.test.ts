import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { bringUp, haveUp, pulumi, saw, stack } from "../lib/runningStack.ts";
import { underFault } from "./support/faults.ts";
import { fractions } from "./support/random.ts";
import { setOptions } from "./support/settings.ts";
import { expectNoDrift, expectSettled, startUp } from "./support/updates.ts";

const stackFile = `Pulumi.${stack}.yaml`;
const moments = 10;

/** What the stack's file says, and what it says when half of what a change can do is done at once. */
let own: string;
let other: string;

beforeAll(async () => {
  own = await readFile(stackFile, "utf8");
  other = changed(own);
  await haveUp();
});

afterAll(async () => {
  await writeFile(stackFile, own);
  await bringUp();
});

/** An application less, with its namespace and all that is in it; other shares, copies, rules and retries. */
function changed(file: string): string {
  const settings = parse(file) as { config: Record<string, unknown> };
  setOptions(settings.config, "load/generator", { qps: 0 });
  setOptions(settings.config, "product/product", {
    replicas: 2,
    versions: { v1: {}, v2: { weight: 50, replicas: 2 } },
    // None that changes the gateway's listeners: they would close kept connections, of which one may just be used.
    resilience: { timeout: "6s", retries: { maxBodyBytes: 90_000 } },
  });
  return stringify(settings);
}

test(`\`pulumi up\` killed at ${moments} random moments: the next \`make up\` completes it, and state and cluster agree`, async () => {
  const length = await timeUp(other);
  const { seed, next } = fractions();
  saw(`seed ${seed}; an update takes ${length.toFixed(1)} s`);
  await underFault(`pulumi up killed ${moments} times`, { rate: 50, none: true }, async () => {
    for (let round = 0; round < moments; round++) {
      await writeFile(stackFile, round % 2 === 0 ? own : other);
      // One in each tenth of the time that an update takes.
      const moment = ((round + next()) / moments) * length;
      const killed = await killAfter(moment);
      const up = await bringUp();
      const settled = /under way/.test(up.all) ? "what was under way is settled" : "nothing was under way";
      saw(`${killed ? "killed" : "ended before"} after ${moment.toFixed(1)} s: ${settled}, make up ${up.seconds.toFixed(1)} s`);
      await expectNoDrift();
    }
  });
  await expectSettled();
});

/** How long a `pulumi up` takes to what a stack file says, in seconds. */
async function timeUp(file: string): Promise<number> {
  await writeFile(stackFile, file);
  const { exitCode, seconds, all } = await pulumi("up", "--yes", "--skip-preview");
  if (exitCode !== 0) throw new Error(`pulumi up ended with ${exitCode}:\n${all}`);
  return seconds;
}

/** Kills a `pulumi up`, with all that it started, after so many seconds, and tells whether it was still at work. */
async function killAfter(seconds: number): Promise<boolean> {
  const up = await startUp();
  await Promise.race([pause(seconds * 1_000), up.ended]);
  up.kill();
  return (await up.ended) === undefined;
}
