import { pulumiStack, readContext } from "../cli/context.ts";
import { UserError } from "../lib/errors.ts";
import { projectDir } from "../lib/paths.ts";
import { output } from "../lib/process.ts";
import { type Records, record } from "../report/records.ts";
import { EmptyProgram, kindAlone, removeKindAlone, secondsOf } from "./support/floors.ts";
import { roundsOf } from "./support/rounds.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";
import { type Step, stepsOf } from "./support/upTimings.ts";

/*
 * What somebody who works with the platform waits for: `make up` from nothing to the first answer, by step, beside a kind cluster of the
 * same nodes with nothing in it; and the commands that are typed all day, beside a Pulumi program that does nothing. What is built once
 * for a machine is there already.
 */

const rounds = 5;

/** What `make up` calls the time of all its steps. */
const whole = "all of it";

type Command = Records["start"]["commands"][number];

await runTopic(async (atEnd) => {
  const { spec } = readContext("local");
  if (!spec) throw new UserError("The stack local has no cluster of its own to start: its mesh:target is not kind.");
  say("taking the stack local down: where this is interrupted, `make up` brings it back");
  atEnd(() => removeKindAlone(spec));
  const starts: Step[][] = [];
  const alone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await make("down");
    alone.push(await kindAlone(spec));
    const steps = stepsOf(await make("up"));
    starts.push(steps);
    const said = steps.map(({ step, seconds }) => `${step} ${seconds.toFixed(1)}`).join(", ");
    say(`round ${round + 1} of ${rounds}: ${said} s; kind alone ${alone.at(-1)?.toFixed(1)} s`);
  }
  const empty = await EmptyProgram.make((await pulumiStack(readContext("local"))).env);
  atEnd(() => empty.remove());
  const steps = stepsInRounds(starts);
  const fromNothing = steps.find(({ step }) => step === whole)?.seconds.rounds ?? [];
  const commands = [compare("make up, from nothing", "kind alone", fromNothing, alone), ...(await compareCommands(empty))];
  await record("start", "make bench T=start", { steps, commands });
  showTable(
    `From nothing to the first answer: the median of ${rounds} rounds, and from where to where they went`,
    ["step", "s"],
    steps.map(({ step, seconds }) => [step, spread(seconds, 1)]),
  );
  showTable(
    `What is waited for, and what it stands on: medians of ${rounds} rounds`,
    ["", "s", "floor", "s", "times the floor"],
    commands.map(({ command, seconds, floor }) => [
      command,
      spread(seconds, 1),
      floor?.name ?? "",
      floor ? spread(floor.seconds, 1) : "",
      floor ? (seconds.median / floor.seconds.median).toFixed(2) : "",
    ]),
  );
});

/** The commands that are typed all day, in turn with their floors, after a round that fills caches. */
async function compareCommands(empty: EmptyProgram): Promise<Command[]> {
  const works: Record<string, () => Promise<unknown>> = {
    preview: () => make("preview"),
    "empty preview": () => empty.preview(),
    up: () => make("up"),
    "empty up": () => empty.up(),
    status: () => make("status"),
  };
  const taken: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const seconds = await secondsOf(work);
      if (round > 0) taken[name] = [...(taken[name] ?? []), seconds];
    }
  }
  const of = (name: string) => taken[name] ?? [];
  return [
    compare("make preview", "empty program", of("preview"), of("empty preview")),
    compare("make up, nothing to do", "empty program", of("up"), of("empty up")),
    compare("make status", undefined, of("status")),
  ];
}

function compare(command: string, name: string | undefined, taken: readonly number[], floor: readonly number[] = []): Command {
  return { command, seconds: roundsOf(taken), ...(name !== undefined && { floor: { name, seconds: roundsOf(floor) } }) };
}

function stepsInRounds(starts: readonly (readonly Step[])[]): Records["start"]["steps"] {
  const names = [...new Set(starts.flat().map(({ step }) => step))];
  return names.map((name) => ({
    step: name,
    seconds: roundsOf(starts.flatMap((steps) => steps.filter(({ step }) => step === name)).map(({ seconds }) => seconds)),
  }));
}

function make(target: string): Promise<string> {
  return output("make", ["--silent", target], { cwd: projectDir });
}
