import { projectDir } from "../lib/paths.ts";
import { output } from "../lib/process.ts";
import { record } from "../report/records.ts";
import { roundsOf } from "./support/rounds.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";
import { type Step, stepsOf } from "./support/upTimings.ts";

/*
 * How long it takes from nothing to the first answer, by step: `make down`, then `make up`. What is built once for a machine is
 * there already.
 */

const rounds = 2;

await runTopic(async () => {
  say("taking the stack local down: where this is interrupted, `make up` brings it back");
  const seen: Step[][] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await make("down");
    say(`round ${round + 1} of ${rounds}: down in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    const steps = stepsOf(await make("up"));
    seen.push(steps);
    say(`round ${round + 1} of ${rounds}: ${steps.map(({ step, seconds }) => `${step} ${seconds.toFixed(1)}`).join(", ")} s`);
  }
  const names = [...new Set(seen.flat().map(({ step }) => step))];
  const steps = names.map((name) => ({
    step: name,
    seconds: roundsOf(seen.flatMap((steps) => steps.filter(({ step }) => step === name)).map(({ seconds }) => seconds)),
  }));
  await record("start", "make bench T=start", { steps });
  showTable(
    `From nothing to the first answer: the median of ${rounds} rounds, and from where to where they went`,
    ["step", "s"],
    steps.map(({ step, seconds }) => [step, spread(seconds, 1)]),
  );
});

function make(target: string): Promise<string> {
  return output("make", ["--silent", target], { cwd: projectDir });
}
