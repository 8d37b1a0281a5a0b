import {
  type BaselineSide,
  type BaselineValue,
  type BaselineWay,
  baselineValues,
  type Part,
  type Records,
  record,
  type Side,
} from "../report/records.ts";
import { median, sum } from "../tests/lib/statistics.ts";
import type { Outcome } from "./support/fortio.ts";
import { distributionOf, estimateOf, roundsOf } from "./support/rounds.ts";
import { makeSides, type Way, type Ways } from "./support/sides.ts";
import { estimate, runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What a request costs that goes to a declared application: beside the same one without a mesh, and with Istio as its charts install
 * it; and through the gateways of the latter two.
 */

const rounds = 20;
/** Requests a second that the machine carries with ease, on so many connections, for so many seconds. */
const steady = { rate: 200, connections: 4, seconds: 2 } as const;
/** As many as there can be. */
const most = { rate: 0, connections: 8, seconds: 2 } as const;

const digits: Readonly<Record<BaselineValue, number>> = { p50: 2, p99: 2, rate: 0, busy: 0, memory: 1, opened: 1 };
const values = Object.keys(baselineValues) as BaselineValue[];

/** What one side showed in one round. */
interface Measured {
  readonly times: Outcome;
  readonly values: Readonly<Record<BaselineValue, number>>;
  readonly cost: Readonly<Partial<Record<Part, number>>>;
}

type Results = ReadonlyMap<Side, readonly Measured[]>;
type Compared = Records["baseline"]["ways"][number];

await runTopic(async (atEnd) => {
  const ways = await makeSides(atEnd);
  const compared = [await compare("direct", ways), await compare("gateway", ways)];
  await record("baseline", "make bench T=baseline", { ways: compared });
  const titles = { direct: "From pod to pod", gateway: "Through the gateway, from a pod without a mesh" } as const;
  for (const one of compared) show(titles[one.way], one);
});

async function compare(way: BaselineWay, ways: Ways): Promise<Compared> {
  const results = await measure(way, ways[way]);
  const of = (side: Side, value: BaselineValue) => (results.get(side) ?? []).map((one) => one.values[value]);
  const ratioOf = (value: BaselineValue) => {
    const bare = of("istio", value);
    return estimateOf(of("platform", value).map((one, round) => one / (bare[round] ?? Number.NaN)));
  };
  return {
    way,
    rate: steady.rate,
    sides: [...results].map(([side, measured]) => sideOf(side, measured)),
    ratios: Object.fromEntries(values.map((value) => [value, ratioOf(value)])) as Compared["ratios"],
  };
}

async function measure(name: BaselineWay, ways: Ways[BaselineWay]): Promise<Results> {
  const taking = Object.entries(ways) as [Side, Way][];
  const results = new Map<Side, Measured[]>(taking.map(([side]) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    // Each goes first as often as the others. One load of all is over before the next begins: they are compared while the machine is as it was.
    const inTurn = taking.map((_, turn) => taking[(round + turn) % taking.length] as [Side, Way]);
    const calm = new Map<Side, Calm>();
    for (const [side, way] of inTurn) calm.set(side, await measureTimes(way));
    for (const [side, way] of inTurn) results.get(side)?.push(await measureMost(way, calm.get(side) as Calm));
    const figures = [...results].map(([side, measured]) => `${side} ${figuresOf(measured.at(-1))}`);
    say(`${name}, round ${round + 1} of ${rounds}: p50, p99 in ms, requests/s: ${figures.join("; ")}`);
  }
  return results;
}

function figuresOf(one: Measured | undefined): string {
  return (["p50", "p99", "rate"] as const).map((value) => one?.values[value].toFixed(digits[value])).join(", ");
}

interface Calm {
  readonly times: Outcome;
  readonly opened: number;
}

async function measureTimes(way: Way): Promise<Calm> {
  const before = await way.connections();
  const times = await way.load(steady);
  return { times, opened: (((await way.connections()) - before) * 1_000) / times.requests };
}

async function measureMost(way: Way, { times, opened }: Calm): Promise<Measured> {
  const before = await way.busy();
  const { rate, requests } = await way.load(most);
  const after = await way.busy();
  const parts = Object.keys(after) as Part[];
  const spent = parts.map((part) => (((after[part] ?? 0) - (before[part] ?? 0)) * 1e6) / requests);
  const memory = await way.proxies();
  return {
    times,
    values: { p50: times.p50, p99: times.p99, rate, busy: sum(spent), memory: median(memory), opened },
    cost: Object.fromEntries(parts.map((part, index) => [part, spent[index] ?? Number.NaN])),
  };
}

function sideOf(side: Side, measured: readonly Measured[]): BaselineSide {
  const parts = Object.keys(measured[0]?.cost ?? {}) as Part[];
  const known = values.filter((value) => measured.every((one) => !Number.isNaN(one.values[value])));
  return {
    side,
    values: Object.fromEntries(known.map((value) => [value, roundsOf(measured.map((one) => one.values[value]))])),
    cost: Object.fromEntries(parts.map((part) => [part, roundsOf(measured.map(({ cost }) => cost[part] ?? Number.NaN))])),
    times: distributionOf(measured.flatMap(({ times }) => times.buckets)),
  };
}

/** Medians of the rounds, and how the platform compares with Istio alone within each. */
function show(title: string, { sides, ratios, rate }: Compared): void {
  showTable(
    `${title}: the median of ${rounds} rounds, and from where to where they went; times and connections at ${rate} requests/s`,
    ["", ...sides.map(({ side }) => side), "platform / istio, at 95 %"],
    values.map((value) => [
      baselineValues[value],
      ...sides.map((side) => (side.values[value] ? spread(side.values[value], digits[value]) : "")),
      estimate(ratios[value]),
    ]),
  );
}
