import { type Records, record } from "../report/records.ts";
import type { Outcome } from "./support/fortio.ts";
import { makePairs, type Side, sidesOf } from "./support/pairs.ts";
import { distributionOf, roundsOf } from "./support/rounds.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What the mesh adds to the time of a request: the same service with and without sidecars, from a client in the cluster, at
 * rates that the machine carries with ease.
 */

/** Requests a second. */
const rates = [50, 200, 500];
const rounds = 4;
/** Of each load. */
const seconds = 5;
const connections = 8;
const percentiles = ["p50", "p90", "p99"] as const;

type Measured = Records["latency"]["rates"][number];

await runTopic(async (atEnd) => {
  const pairs = await makePairs(atEnd);
  const measured: Measured[] = [];
  for (const rate of rates) {
    const outcomes: Record<Side, Outcome[]> = { plain: [], mesh: [] };
    for (let round = 0; round < rounds; round++) {
      for (const side of sidesOf(round)) {
        const outcome = await pairs[side].load({ rate, connections, seconds });
        outcomes[side].push(outcome);
        const times = percentiles.map((name) => `${name} ${outcome[name].toFixed(2)}`).join(", ");
        say(`${rate}/s, round ${round + 1} of ${rounds}, ${side}: ${times} ms of ${outcome.requests} requests`);
      }
    }
    measured.push({ rate, plain: sideOf(outcomes.plain), mesh: sideOf(outcomes.mesh), ...compared(outcomes) });
  }
  await record("latency", "make bench T=latency", { rates: measured });
  showTable(
    `Time of a request in ms: the median of ${rounds} rounds, and from where to where they went`,
    ["", "plain", "mesh", "added", "times as long"],
    measured.flatMap(({ rate, plain, mesh, added, ratio }) =>
      percentiles.map((name) => [`${rate}/s ${name}`, ...[plain, mesh, added, ratio].map((side) => spread(side[name]))]),
    ),
  );
});

function sideOf(outcomes: readonly Outcome[]): Measured["plain"] {
  return {
    ...byPercentile((name) => outcomes.map((outcome) => outcome[name])),
    all: distributionOf(outcomes.flatMap(({ buckets }) => buckets)),
  };
}

/** Within each round, as the machine is not as fast in each. */
function compared({ plain, mesh }: Record<Side, readonly Outcome[]>): Pick<Measured, "added" | "ratio"> {
  const each = (compare: (mesh: number, plain: number) => number) =>
    byPercentile((name) => mesh.map((outcome, round) => compare(outcome[name], plain[round]?.[name] ?? Number.NaN)));
  return { added: each((meshed, bare) => meshed - bare), ratio: each((meshed, bare) => meshed / bare) };
}

function byPercentile(values: (name: (typeof percentiles)[number]) => number[]): Measured["added"] {
  return { p50: roundsOf(values("p50")), p90: roundsOf(values("p90")), p99: roundsOf(values("p99")) };
}
