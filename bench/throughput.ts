import { type Records, record } from "../report/records.ts";
import { makePairs, type Pair, type Part, type Side, sidesOf } from "./support/pairs.ts";
import { roundsOf } from "./support/rounds.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What the mesh takes of the processor: as many requests as there can be, with and without sidecars, and the processor time
 * that client, service and both proxies use meanwhile.
 */

const rounds = 5;
/** Of each load. */
const seconds = 5;
const connections = 16;

type Cost = Records["throughput"]["cost"];

interface Measured {
  /** Requests a second. */
  readonly rate: number;
  /** Requests for each second that a core was busy. */
  readonly perCore: number;
  /** Milliseconds of a core for 1,000 requests. */
  readonly cost: Partial<Record<Part, number>>;
}

await runTopic(async (atEnd) => {
  const pairs = await makePairs(atEnd);
  const measured: Record<Side, Measured[]> = { plain: [], mesh: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of sidesOf(round)) {
      const one = await measureOnce(pairs[side]);
      measured[side].push(one);
      say(
        `round ${round + 1} of ${rounds}, ${side}: ${one.rate.toFixed(0)} requests/s, ${one.perCore.toFixed(0)} for each second of a core`,
      );
    }
  }
  const sideOf = (side: Side, value: (one: Measured) => number) => roundsOf(measured[side].map(value));
  const data: Records["throughput"] = {
    plain: sideOf("plain", ({ perCore }) => perCore),
    mesh: sideOf("mesh", ({ perCore }) => perCore),
    ratio: roundsOf(measured.mesh.map(({ perCore }, round) => perCore / (measured.plain[round]?.perCore ?? Number.NaN))),
    rate: { plain: sideOf("plain", ({ rate }) => rate), mesh: sideOf("mesh", ({ rate }) => rate) },
    cost: { plain: costOf(measured.plain), mesh: costOf(measured.mesh) },
  };
  await record("throughput", "make bench T=throughput", data);
  show(data);
});

async function measureOnce(pair: Pair): Promise<Measured> {
  const before = await pair.busy();
  const { requests, rate } = await pair.load({ rate: 0, connections, seconds });
  const after = await pair.busy();
  const used = Object.entries(after).map(([part, now]) => [part, now - (before[part as Part] ?? 0)] as const);
  const all = used.reduce((sum, [, busy]) => sum + busy, 0);
  return {
    rate,
    perCore: requests / all,
    cost: Object.fromEntries(used.map(([part, busy]) => [part, (busy * 1e6) / requests])),
  };
}

function costOf(measured: readonly Measured[]): Cost["plain"] {
  const parts = Object.keys(measured[0]?.cost ?? {}) as Part[];
  return Object.fromEntries(parts.map((part) => [part, roundsOf(measured.map(({ cost }) => cost[part] ?? Number.NaN))]));
}

function show({ plain, mesh, ratio, rate, cost }: Records["throughput"]): void {
  const parts: readonly Part[] = ["client", "clientProxy", "service", "serviceProxy"];
  const costOf = (of: Cost["plain"], part: Part) => (of[part] ? spread(of[part], 0) : "");
  showTable(
    `Throughput: the median of ${rounds} rounds, and from where to where they went`,
    ["", "plain", "mesh", "mesh / plain"],
    [
      ["requests for each second of a core", spread(plain, 0), spread(mesh, 0), spread(ratio)],
      ["requests/s on this machine", spread(rate.plain, 0), spread(rate.mesh, 0), ""],
      ...parts.map((part) => [`ms of a core for 1,000 requests: ${part}`, costOf(cost.plain, part), costOf(cost.mesh, part), ""]),
    ],
  );
}
