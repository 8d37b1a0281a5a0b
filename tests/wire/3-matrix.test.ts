import { beforeAll, describe, expect, test } from "@jest/globals";
import type { MatrixRow } from "../../components/security/CallGraph.ts";
import { type Expectation, expectations } from "./support/matrix.ts";
import { type Seen, sendProbes } from "./support/probes.ts";
import { bringUp, kubeGet, pulumi, run, saw, stackEnvironment } from "./support/stack.ts";

let matrix: readonly MatrixRow[];
/** Every expectation with what came of it. */
let tried: readonly (Expectation & { readonly seen: Seen })[];

beforeAll(async () => {
  await bringUp();
  matrix = JSON.parse((await pulumi("stack", "output", "matrix", "--json")).stdout) as MatrixRow[];
  const all = expectations(matrix);
  const asked = new Map([...new Set(all.map(({ from }) => from))].map((from) => [from, all.filter((one) => one.from === from)]));
  const seen = await sendProbes(asked);
  tried = [...asked].flatMap(([from, own]) => own.map((one, index) => ({ ...one, seen: seen.get(from)?.[index] ?? {} })));
  saw(
    `${tried.length} probes from ${asked.size} accounts: ${tried.filter(({ allowed }) => allowed).length} allowed, the others not`,
  );
});

const describeProbe = ({ from, to, method = "connect", path = "", seen }: (typeof tried)[number]) =>
  `${from} → ${to} ${method} ${path}: ${JSON.stringify(seen)}`;

test("every workload and every gateway was tried against every other workload", () => {
  const callers = new Set(matrix.map(({ from }) => from));
  const callees = new Set(matrix.map(({ to }) => to));
  for (const from of callers) {
    for (const to of callees) {
      if (from !== to) expect(matrix.filter((row) => row.from === from && row.to === to)).toHaveLength(1);
    }
  }
  expect(matrix.some(({ allowed }) => allowed)).toBe(true);
  const silent = matrix.filter(({ port }) => port === undefined).map(({ to }) => to);
  expect(new Set(tried.map(({ to }) => to))).toEqual(new Set([...callees].filter((to) => !silent.includes(to))));
});

test("no pod of an application has an account that was not tried", async () => {
  const { items } = await kubeGet<{ items: Pod[] }>("pods", "--all-namespaces", "--selector=app");
  const namespaces = new Set(matrix.map(({ to }) => to.split("/")[0]));
  const callers = new Set(matrix.map(({ from }) => from));
  const accounts = items
    .filter(({ metadata }) => namespaces.has(metadata.namespace))
    .map(({ metadata, spec }) => `${metadata.namespace}/${spec.serviceAccountName}`);
  expect(accounts.length).toBeGreaterThan(0);
  for (const account of accounts) expect(callers).toContain(account);
});

describe("over HTTP", () => {
  test("what is declared is answered by the service", () => {
    const wrong = tried.filter(
      ({ method, allowed, seen }) => method && allowed && (seen.denied || !((seen.status ?? 999) < 500)),
    );
    expect(wrong.map(describeProbe)).toEqual([]);
  });

  test("everything else is refused by a proxy, however it is written", () => {
    // An answer to HEAD has no body that would tell whose it is; and what is no method at all gets no further than the caller's own proxy.
    const refused = ({ method, seen: { status, denied } }: (typeof tried)[number]) =>
      status === 403 ? denied || method === "HEAD" : status === 400 && method !== method?.toUpperCase();
    const wrong = tried.filter((one) => one.method && !one.allowed && !refused(one));
    expect(wrong.map(describeProbe)).toEqual([]);
  });
});

describe("of databases", () => {
  test("declared callers are greeted, and nobody else", () => {
    const wrong = tried.filter(({ method, allowed, seen }) => method === undefined && seen.greeted !== allowed);
    expect(wrong.map(describeProbe)).toEqual([]);
  });
});

test("a proxy knows its callees, and nobody else of the applications", async () => {
  const { items } = await kubeGet<{ items: Pod[] }>(
    "pods",
    "--all-namespaces",
    "--selector=app",
    "--field-selector=status.phase=Running",
  );
  const hosts = new Set(matrix.map(({ to }) => hostOf(to)));
  for (const workload of new Set(matrix.map(({ to }) => to))) {
    const pod = items.find(({ metadata }) => `${metadata.namespace}/${metadata.labels.app}` === workload);
    if (!pod) throw new Error(`no pod of ${workload} runs`);
    const args = [
      "proxy-config",
      "clusters",
      `${pod.metadata.name}.${pod.metadata.namespace}`,
      "--direction=outbound",
      "--output=json",
    ];
    const clusters = JSON.parse((await run("istioctl", args, { env: await stackEnvironment() })).stdout) as { name: string }[];
    const known = new Set(clusters.map(({ name }) => name.split("|").at(-1) ?? "").filter((host) => hosts.has(host)));
    const callees = matrix.filter(({ from, allowed }) => from === workload && allowed).map(({ to }) => hostOf(to));
    expect({ workload, known: [...known].sort() }).toEqual({ workload, known: [...new Set(callees)].sort() });
  }
});

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly serviceAccountName: string };
}

function hostOf(workload: string): string {
  const [namespace, name] = workload.split("/");
  return `${name}.${namespace}.svc.cluster.local`;
}
