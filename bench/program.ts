import process from "node:process";
import { ensurePlugins } from "../airgap/index.ts";
import { pulumiHome } from "../cli/support/environment.ts";
import { consoleProgress } from "../lib/progress.ts";
import { type Records, record } from "../report/records.ts";
import prepare from "../tests/contract/support/prepare.ts";
import { leastSquares } from "../tests/lib/statistics.ts";
import { PlatformRun } from "./support/platformRun.ts";
import { roundsOf, timesPerUnit } from "./support/rounds.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What the program takes at several sizes of the platform: a preview of all of it, and an update that makes all of it, by
 * Pulumi's own command line and the real plugin, against a real API server behind which nothing runs.
 */

/**
 * The larger, the less a single round says of chance, and the longer it takes. Where Pulumi writes its state after each step
 * the largest would take the better part of an hour.
 */
const sizes = [
  { services: 10, rounds: 2, writing: true },
  { services: 100, rounds: 2, writing: true },
  { services: 500, rounds: 1, writing: false },
];
/** A service of the largest size may take so many times as long as one of the size before; were it the square, it would be five. */
const tolerance = 1.5;

type Size = Records["program"]["sizes"][number];
const values = ["preview", "up", "memory"] as const;
const units = { preview: "s", up: "s", memory: "MB" } as const;

await runTopic(async (atEnd) => {
  await prepare();
  await ensurePlugins(consoleProgress(), pulumiHome);
  let current: PlatformRun | undefined;
  atEnd(async () => current?.stop());
  const withPlatform = async <T>(services: number, use: (run: PlatformRun) => Promise<T>): Promise<T> => {
    current = await PlatformRun.start(services, (error) => say(`the fake controllers: ${error.message}`));
    const result = await use(current);
    await current.stop();
    current = undefined;
    return result;
  };

  const measured: Size[] = [];
  for (const { services, rounds, writing } of sizes) {
    const seen: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      seen.push(await withPlatform(services, (run) => measureOnce(run, `${services} services, round ${round + 1} of ${rounds}`)));
    }
    const upWriting = writing && (await withPlatform(services, (run) => run.up("each step"))).seconds;
    if (upWriting) say(`${services} services: up ${upWriting.toFixed(1)} s with the state written after each step`);
    const of = (name: keyof Round) => roundsOf(seen.map((round) => round[name]));
    const { preview, up, memory } = { preview: of("preview"), up: of("up"), memory: of("memory") };
    const resources = seen[0]?.resources ?? 0;
    measured.push({ services, resources, preview, up, memory, ...(upWriting && { upWriting: roundsOf([upWriting]) }) });
  }
  const slope = { preview: slopeOf(measured, "preview"), up: slopeOf(measured, "up"), memory: slopeOf(measured, "memory") };
  await record("program", "make bench T=program", { sizes: measured, slope });
  show(measured, slope);
});

interface Round {
  readonly resources: number;
  readonly preview: number;
  readonly up: number;
  readonly memory: number;
}

async function measureOnce(run: PlatformRun, title: string): Promise<Round> {
  const preview = await run.preview();
  say(`${title}: preview ${preview.seconds.toFixed(1)} s, ${preview.memory.toFixed(0)} MB, ${preview.resources} resources`);
  const up = await run.up("once");
  say(`${title}: up ${up.seconds.toFixed(1)} s, ${up.memory.toFixed(0)} MB`);
  const memory = Math.max(preview.memory, up.memory);
  return { resources: up.resources, preview: preview.seconds, up: up.seconds, memory };
}

function slopeOf(measured: readonly Size[], name: (typeof values)[number]): number {
  return leastSquares(measured.map((size) => [size.services, size[name].median])).slope;
}

function show(measured: readonly Size[], slope: Records["program"]["slope"]): void {
  showTable(
    "The program: the median of the rounds, and from where to where they went",
    ["services", "resources", "preview, s", "up, s", "state written each step, s", "memory, MB"],
    measured.map(({ services, resources, preview, up, upWriting, memory }) => [
      ...[String(services), String(resources), spread(preview, 1), spread(up, 1)],
      ...[upWriting ? upWriting.median.toFixed(1) : "", spread(memory, 0)],
    ]),
  );
  for (const name of values) {
    const times = timesPerUnit(aboveStart(measured, name));
    const linear = times <= tolerance;
    if (!linear) process.exitCode = 1;
    console.log(
      `${name}: ${slope[name].toPrecision(2)} ${units[name]} for each further service; of the largest size each takes ${times.toFixed(2)} times what one of the size before takes: ${linear ? "linear" : "NOT LINEAR"}`,
    );
  }
}

/** What services take. Most of a small size's memory is the packages' that are loaded, which would hide how the rest grows. */
function aboveStart(measured: readonly Size[], name: (typeof values)[number]): [number, number][] {
  const [first] = measured;
  const [services, taken] = name === "memory" && first ? [first.services, first.memory.median] : [0, 0];
  return measured.map((size) => [size.services - services, size[name].median - taken]);
}
