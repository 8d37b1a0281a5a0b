import { median } from "../tests/lib/statistics.ts";
import { roundsOf } from "./support/rounds.ts";
import { makeSides, type Side, sides, type Way } from "./support/sides.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What declaring an application costs: the same application without a mesh, with Istio as its charts install it, and declared to the
 * platform, in turn; and the latter two through a gateway of theirs.
 */

const rounds = 5;
/** Of each load. */
const seconds = 5;
/** Requests a second that the machine carries with ease, on so many connections. */
const steady = { rate: 200, connections: 4, seconds } as const;
const most = { rate: 0, connections: 8, seconds } as const;

/** What one way showed in one round. */
interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly rate: number;
  readonly busy: number;
  readonly memory: number;
  readonly opened: number;
}

/** What is measured, in what, and how many digits of it say something. */
const rows: readonly (readonly [title: string, value: keyof Measured, digits: number])[] = [
  [`p50 in ms, ${steady.rate} requests/s`, "p50", 2],
  [`p99 in ms, ${steady.rate} requests/s`, "p99", 2],
  ["requests/s at most", "rate", 0],
  ["ms of a core for 1,000 requests, at most", "busy", 0],
  ["MB of each proxy", "memory", 1],
  [`connections opened for 1,000 requests, ${steady.rate} requests/s`, "opened", 1],
];

await runTopic(async (atEnd) => {
  const ways = await makeSides(atEnd);
  show("From pod to pod", await measure(ways.direct));
  show("Through the gateway, from a pod without a mesh", await measure(ways.gateway));
});

type Results = Partial<Record<Side, Measured[]>>;

async function measure(ways: Partial<Record<Side, Way>>): Promise<Results> {
  const taking = sides.filter((side) => ways[side]);
  const results: Results = Object.fromEntries(taking.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    // Each goes first as often as the others.
    for (let turn = 0; turn < taking.length; turn++) {
      const side = taking[(round + turn) % taking.length];
      const way = side && ways[side];
      if (!way) continue;
      const one = await measureOnce(way);
      results[side]?.push(one);
      const figures = `p50 ${one.p50.toFixed(2)}, p99 ${one.p99.toFixed(2)} ms, at most ${one.rate.toFixed(0)} requests/s`;
      say(`round ${round + 1} of ${rounds}, ${side}: ${figures}`);
    }
  }
  return results;
}

async function measureOnce(way: Way): Promise<Measured> {
  const opened = await way.connections();
  const calm = await way.load(steady);
  const openedSince = (await way.connections()) - opened;
  const busy = await way.busy();
  const { rate, requests } = await way.load(most);
  const busySince = (await way.busy()) - busy;
  const memory = await way.proxies();
  return {
    p50: calm.p50,
    p99: calm.p99,
    rate,
    busy: (busySince * 1e6) / requests,
    memory: memory.length > 0 ? median(memory) : Number.NaN,
    opened: (openedSince * 1_000) / calm.requests,
  };
}

/** Medians of the rounds, and how the platform compares with Istio alone within each. */
function show(title: string, results: Results): void {
  const taking = sides.filter((side) => results[side]);
  const values = (side: Side, value: keyof Measured) => (results[side] ?? []).map((one) => one[value]);
  showTable(
    `${title}: the median of ${rounds} rounds, and from where to where they went`,
    ["", ...taking, "platform / istio"],
    rows.map(([name, value, digits]) => {
      const bare = values("istio", value);
      const ratio = values("platform", value).map((one, round) => one / (bare[round] ?? Number.NaN));
      const cells = taking
        .map((side) => values(side, value))
        .map((of) => (of.some(Number.isNaN) ? "" : spread(roundsOf(of), digits)));
      return [name, ...cells, spread(roundsOf(ratio))];
    }),
  );
}
