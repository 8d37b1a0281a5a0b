import type { Run, Span } from "../../lib/lastRuns.ts";
import type { LastRecords } from "../../report/headlines.ts";
import {
  type BaselineSide,
  type BaselineValue,
  baselineValues,
  type Distribution,
  type Estimate,
  type MatrixProbe,
  type Recorded,
  type Records,
  type Rounds,
  type Side,
  type Slice,
  type Topic,
} from "../../report/records.ts";

/*
 * Records of every topic as wire tests and benchmarks leave them, with numbers that nobody measured.
 */

const edges = [
  { from: "istio-ingress/istio-ingressgateway", to: "product/product", what: "GET, HEAD /api/products" },
  { from: "istio-ingress/istio-ingressgateway", to: "prod/frontend", what: "GET, HEAD /" },
  { from: "istio-ingress/istio-ingressgateway", to: "prod/backend", what: "GET, HEAD /api" },
  { from: "prod/frontend", to: "prod/backend", what: "GET, HEAD /api/catalog" },
  { from: "prod/backend", to: "prod/database", what: "port 5432" },
  { from: "load/generator", to: "product/product", what: "GET /api/products" },
] as const;

/** Numbers that look random, and are the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** Five rounds around a median. */
export function roundsAround(median: number): Rounds {
  const rounds = [0.93, 0.98, 1, 1.03, 1.11].map((factor) => median * factor);
  return { median, least: median * 0.93, most: median * 1.11, rounds };
}

function distribution(p50: number): Distribution {
  const next = chance(Math.round(p50 * 1_000));
  const samples = range(4_000)
    .map(() => p50 * (0.55 + 0.45 * next() + 0.25 * next() ** 8 * 12 - Math.log(1 - next()) * 0.12))
    .sort((a, b) => a - b);
  const at = (share: number) => samples[Math.ceil(share * samples.length) - 1] ?? 0;
  const shares = [...range(99).map((index) => (index + 1) / 100), 0.995, 0.999, 1];
  return {
    count: samples.length,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    cumulative: shares.map((share) => [at(share), share]),
  };
}

/** A side of which half of the answers take so many milliseconds. */
function side(side: Side, p50: number): BaselineSide {
  const times = distribution(p50);
  const meshed = side !== "plain";
  return {
    side,
    values: {
      p50: roundsAround(times.p50),
      p99: roundsAround(times.p99),
      rate: roundsAround(2_400 / p50),
      busy: roundsAround(900 * p50),
      ...(meshed && { memory: roundsAround(30) }),
      opened: roundsAround(2.4),
    },
    cost: {
      client: roundsAround(90),
      service: roundsAround(120),
      ...(meshed && { clientProxy: roundsAround(300), serviceProxy: roundsAround(310) }),
    },
    times,
  };
}

const span = (what: string, from: number, to: number): Span => ({ what, from, to });

function run(cluster: Run["cluster"], resources: readonly Span[]): Run {
  return {
    cluster,
    date: "2026-11-22T08:31:00.000Z",
    stack: "local",
    steps: [span("cluster", 0, 21.4), span("pulumi up", 21.4, 44), span("until it answers", 44, 44.2)],
    resources,
  };
}

/** All values 4 % higher. */
const ratios = Object.fromEntries(
  Object.keys(baselineValues).map((value) => [value, { median: 1.04, from: 1.01, to: 1.08 }]),
) as Readonly<Record<BaselineValue, Estimate>>;

function probes(): MatrixProbe[] {
  const accounts = [...new Set(edges.map(({ from }) => from)), "product/product", "prod/database"];
  const callees = [...new Set(edges.map(({ to }) => to))];
  const requests = [
    "GET /",
    "GET /elsewhere",
    "GET /api/products",
    "HEAD /api",
    "GET /api/../elsewhere",
    "GET //api%2fcatalog",
    "get /api",
  ];
  return accounts.flatMap((from): MatrixProbe[] =>
    callees
      .filter((to) => to !== from)
      .flatMap((to): MatrixProbe[] => {
        const declared = edges.some((edge) => edge.from === from && edge.to === to);
        if (to === "prod/database")
          return [{ from, to, request: "connect", allowed: declared, seen: declared ? "greeted" : "reset", held: true }];
        return requests.map((request, index) => {
          const allowed = declared && index > 1 && index < 4;
          return { from, to, request, allowed, seen: allowed ? "200" : "403", held: true };
        });
      }),
  );
}

function shiftingSlices(): Slice[] {
  const next = chance(7);
  return range(60).map((at) => {
    const weight = Math.min(100, Math.floor(at / 10) * 20);
    const v2 = Math.round(200 * Math.min(1, Math.max(0, weight / 100 + (weight % 100 === 0 ? 0 : (next() - 0.5) * 0.08))));
    return { at, answered: { v1: 200 - v2, v2 }, failed: 0 };
  });
}

function ejectionSlices(): Slice[] {
  const next = chance(11);
  return range(60).map((at) => {
    const away = at >= 7 && at < 37;
    const others = Math.round((away ? 50 : 33) + next() * 4);
    const failed = at >= 5 && at < 7 ? 30 : 0;
    return {
      at,
      answered: {
        "product-v1-6f5f686-6wcfh": away || failed ? 0 : 33,
        "product-v1-6f5f686-jbbgx": others,
        "product-v1-6f5f686-pzsz2": 100 - others,
      },
      failed,
    };
  });
}

const data: Records = {
  platform: {
    stack: "local",
    nodes: 3,
    pods: {
      "istio-cni/istio-cni-node": 3,
      "istio-ingress/istio-ingressgateway": 1,
      "istio-system/istiod": 1,
      "kube-system/kube-dns": 2,
      "kube-system/etcd": 1,
      "kube-system/kube-apiserver": 1,
      "kube-system/kube-proxy": 3,
      "load/generator": 1,
      "prod/backend": 2,
      "prod/database": 1,
      "prod/frontend": 2,
      "product/product": 5,
    },
    edges,
    memory: 1_780,
  },
  matrix: { probes: probes() },
  revocation: {
    busy: range(20).map((index) => 90 + ((index * 37) % 20) * 14),
    idle: range(20).map((index) => 1_100 + (index % 2)),
    cost: "A drain of one second costs 14 new connections for each change.",
  },
  canary: {
    splits: [10, 50, 100].flatMap((weight, index) =>
      (["kept", "new"] as const).map((connections) => {
        const spread = [45, 74, 0][index] ?? 0;
        const declared = weight * 20;
        return {
          weight,
          connections,
          requests: 2_000,
          v2: declared + (connections === "kept" ? 9 : -21) * Math.sign(spread),
          failed: 0,
          least: declared - spread,
          most: declared + spread,
        };
      }),
    ),
  },
  shifting: {
    marks: [20, 40, 60, 80, 100].map((weight, index) => ({ at: 10 * (index + 1), what: `${weight} %` })),
    slices: shiftingSlices(),
    requests: 12_000,
    failed: 0,
    convergence: range(20).map((index) => 120 + ((index * 29) % 20) * 17),
  },
  ejection: {
    failing: "product-v1-6f5f686-6wcfh",
    slices: ejectionSlices(),
    marks: [
      { at: 5, what: "begins to fail" },
      { at: 7, what: "ejected" },
      { at: 20, what: "is well again" },
      { at: 37, what: "back" },
    ],
    interval: 10,
    baseTime: 30,
  },
  faults: {
    "a worker is stopped": { requests: 4_020, failed: 131, none: false, recovered: 42.3 },
    "a worker is drained and comes back": { requests: 6_100, failed: 0, none: true },
    "the control plane is moved to another revision and back again": { requests: 2_400, failed: 0, none: true, recovered: 6.1 },
    "the gateway’s pod is killed": { requests: 2_000, failed: 37, none: false, recovered: 2.4 },
    "a pod of the product is killed": { requests: 2_000, failed: 0, none: true, recovered: 3.2 },
  },
  baseline: {
    ways: [
      { way: "direct", rate: 200, sides: [side("plain", 0.4), side("istio", 1.2), side("platform", 1.25)], ratios },
      { way: "gateway", rate: 200, sides: [side("istio", 1.3), side("platform", 1.35)], ratios },
    ],
  },
  growth: {
    sizes: [true, false].flatMap((scoped) =>
      [10, 100, 500].map((services) => ({
        services,
        scoped,
        sidecar: roundsAround(scoped ? 31 + services / 500 : 30 + services * 0.11),
        container: roundsAround(scoped ? 52 + services / 500 : 51 + services * 0.15),
        push: roundsAround(scoped ? 18 + services * 0.1 : 22 + services * 0.9),
      })),
    ),
  },
  program: {
    sizes: [10, 100, 500].map((services) => ({
      services,
      resources: services * 14 + 60,
      preview: roundsAround(2.4 + services * 0.021 + (services === 100 ? 0.6 : 0)),
      up: roundsAround(4 + services * 0.18),
      ...(services < 500 && { upWriting: roundsAround(5 + services * 2) }),
      memory: roundsAround(240 + services * 0.9),
    })),
    slope: { preview: 0.021, up: 0.18, memory: 0.9 },
  },
  timeline: {
    runs: [
      run("kept", []),
      run("made", [
        span("VirtualService routes", 38, 38.1),
        span("Release istiod", 22, 31.5),
        span("Deployment product-product-v1", 32, 40.2),
      ]),
    ],
  },
  start: {
    steps: [
      { step: "nodes", seconds: roundsAround(17.2) },
      { step: "Pulumi, meanwhile", seconds: roundsAround(9) },
      { step: "images into nodes", seconds: roundsAround(6.4) },
      { step: "Istio’s control plane", seconds: roundsAround(11.8) },
      { step: "gateway", seconds: roundsAround(4.1) },
      { step: "applications", seconds: roundsAround(9.6) },
      { step: "first answer", seconds: roundsAround(0.8) },
      { step: "all of it", seconds: roundsAround(50.2) },
    ],
    commands: [
      { command: "make preview", seconds: roundsAround(3.4), floor: { name: "empty program", seconds: roundsAround(1.8) } },
      { command: "make status", seconds: roundsAround(1.3) },
    ],
  },
};

/** A record of each topic, one made each minute. */
export const records = Object.fromEntries(
  (Object.keys(data) as Topic[]).map((topic, index): [Topic, Recorded<Topic>] => [
    topic,
    { date: new Date(Date.UTC(2026, 10, 22, 8, index)).toISOString(), command: `make ${topic}`, data: data[topic] },
  ]),
) as Required<LastRecords>;
