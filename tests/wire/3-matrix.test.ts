import { beforeAll, describe, expect, test } from "@jest/globals";
import { gatewayFacts } from "../../components/gateway/facts.ts";
import { principalOf } from "../../model/callGraph.ts";
import { type MatrixProbe, record } from "../../report/records.ts";
import type { MatrixRow } from "../lib/matrixRows.ts";
import { haveUp, kubeGet, outputs, run, saw, stackEnvironment } from "../lib/runningStack.ts";
import { type Echo, route, withEcho } from "./support/echo.ts";
import { type Forgery, forgedNames, forgeries } from "./support/forgeries.ts";
import type { Seen } from "./support/inside/protocol.ts";
import { type Expectation, expectations, hostOf } from "./support/matrix.ts";
import { listPods } from "./support/pods.ts";
import { endpointsOf, sendProbes } from "./support/probes.ts";

/** An expectation with what came of it. */
type Tried = Expectation & { readonly seen: Seen };

let matrix: readonly MatrixRow[];
let tried: readonly Tried[];

beforeAll(async () => {
  await haveUp();
  ({ matrix } = outputs());
  const endpoints = await endpointsOf([...new Set(matrix.map(({ to }) => to))]);
  const all = expectations(matrix, endpoints);
  const asked = new Map([...new Set(all.map(({ from }) => from))].map((from) => [from, all.filter((one) => one.from === from)]));
  const past = [...endpoints.values()].flat().map(({ host }) => host);
  const seen = await sendProbes(asked, past);
  tried = [...asked].flatMap(([from, own]) => own.map((one, index) => ({ ...one, seen: seen.get(from)?.[index] ?? {} })));
  const allowed = tried.filter((one) => one.allowed);
  saw(`${tried.length} probes from ${asked.size} accounts: ${allowed.length} allowed, the others not`);
  await record("matrix", "make wire T=3-matrix", { probes: tried.map(recorded) });
});

/** Whether it was answered by the service where it is allowed, and else refused by a proxy. */
function held({ method, allowed, answer, seen }: Tried): boolean {
  const { status, denied = false, greeted = false } = seen;
  if (method === undefined) return greeted === allowed;
  if (allowed) return status === answer && !denied;
  // An answer to HEAD has no body that would tell whose it is; and what is no method at all gets no further than a proxy's parser.
  return status === 403 ? denied || method === "HEAD" : status === 400 && method !== method.toUpperCase();
}

function requestOf({ method = "connect", path, how }: Expectation): string {
  return [method, path, how && `(${how})`].filter(Boolean).join(" ");
}

function recorded(one: Tried): MatrixProbe {
  const { from, to, allowed, seen } = one;
  const { status, greeted, error = "closed" } = seen;
  return { from, to, request: requestOf(one), allowed, seen: String(status ?? (greeted ? "greeted" : error)), held: held(one) };
}

/** Those of the probes that came to something else than what is declared. */
function broken(which: (one: Tried) => boolean): string[] {
  const wrong = tried.filter((one) => which(one) && !held(one));
  return wrong.map((one) => `${one.from} → ${one.to} ${requestOf(one)}: ${JSON.stringify({ ...one.seen, body: undefined })}`);
}

test("every workload and every gateway was tried against every other workload", () => {
  const callers = new Set(matrix.map(({ from }) => from));
  const callees = new Set(matrix.map(({ to }) => to));
  for (const from of callers) {
    for (const to of callees) {
      const ports = matrix.filter((row) => row.from === from && row.to === to).map(({ port }) => port);
      expect({ from, to, tried: ports.length > 0 }).toEqual({ from, to, tried: from !== to });
      expect(new Set(ports).size).toBe(ports.length);
    }
  }
  expect(matrix.some(({ allowed }) => allowed)).toBe(true);
  const silent = matrix.filter(({ port }) => port === undefined).map(({ to }) => to);
  expect(new Set(tried.map(({ to }) => to))).toEqual(new Set([...callees].filter((to) => !silent.includes(to))));
});

test("no pod of an application has an account that was not tried", async () => {
  const namespaces = new Set(matrix.map(({ to }) => to.split("/")[0]));
  const callers = new Set(matrix.map(({ from }) => from));
  const pods = (await listPods("app")).filter(({ namespace }) => namespaces.has(namespace));
  const accounts = pods.map(({ namespace, account }) => `${namespace}/${account}`);
  expect(accounts.length).toBeGreaterThan(0);
  for (const account of accounts) expect(callers).toContain(account);
});

describe("over HTTP", () => {
  test("what is declared is answered by the service: 200, or its own 404 where it has nothing", () => {
    expect(broken(({ method, allowed }) => method !== undefined && allowed)).toEqual([]);
    const answers = new Set(tried.filter(({ method, allowed }) => method && allowed).map(({ seen }) => seen.status));
    expect(answers).toEqual(new Set([200, 404, 415]));
  });

  test("everything else is refused by a proxy with 403, however it is written", () => {
    expect(broken(({ method, allowed }) => method !== undefined && !allowed)).toEqual([]);
  });

  test.each(["forwarded", "client certificate", "x-envoy", "other host"])(
    "what is forged (%s) opens nothing and closes nothing",
    (name) => {
      const forged = tried.filter(({ how }) => how.endsWith(name));
      saw(`${forged.length} probes, ${forged.filter(({ allowed }) => allowed).length} of them allowed`);
      expect(new Set(forged.map(({ allowed }) => allowed))).toEqual(new Set([true, false]));
      expect(broken(({ how }) => how.endsWith(name))).toEqual([]);
    },
  );
});

describe("of databases", () => {
  test("declared callers are greeted, and nobody else", () => {
    expect(broken(({ method }) => method === undefined)).toEqual([]);
  });
});

test("what outsiders forge reaches no service, and changes neither tries nor timeout", async () => {
  const callers = matrix.filter(({ to, allowed }) => to === "product/product" && allowed).map(({ from }) => from);
  await withEcho(async (echo) => {
    const { headers: honest } = await echo.ask();
    for (const headers of forgedNames()) await expectStripped(echo, headers, honest);
    for (const forgery of forgeries({ path: "/api/products", callers })) await expectIgnored(echo, forgery, honest);
  });
});

interface Labelled {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
}

/** What reaches the service is what reaches it of a caller who forges nothing. */
async function expectStripped(echo: Echo, forged: Forgery["headers"], honest: Readonly<Record<string, string>>) {
  const { status, headers } = await echo.ask("", { ...forged, x_own: "kept" });
  const { x_own, ...rest } = headers;
  saw(`${Object.keys(forged).length} forged headers, ${status}: ${Object.keys(rest).length} reach the service`);
  expect({ status, x_own, names: Object.keys(rest).sort() }).toEqual({
    status: 200,
    x_own: "kept",
    names: Object.keys(honest).sort(),
  });
  expect(Object.values(rest)).not.toContain("127.0.0.1");
}

async function expectIgnored(echo: Echo, { name, headers: forged }: Forgery, honest: Readonly<Record<string, string>>) {
  const { headers } = await echo.ask("", forged);
  // Which of the gateway's pods it came through, and by what name it is traced, differs with every request.
  const differing = { "x-request-id": "", "x-forwarded-client-cert": "", "x-forwarded-for": "" };
  expect({ name, ...headers, ...differing }).toEqual({ name, ...honest, ...differing });
  expect(headers["x-forwarded-for"]).not.toMatch(/,|127\.0\.0\.1/);
  expect(headers["x-forwarded-client-cert"]?.match(/URI=[^;,]*/g)).toEqual([
    `URI=spiffe://${principalOf(gatewayFacts.istio.account)}`,
  ]);

  const slow = await echo.ask("delay=4000", forged);
  const key = `${name} ${Date.now()}`;
  const failing = await echo.ask("status=503", { ...forged, "x-key": key });
  const tries = await echo.reached(key);
  saw(`${name}: ${slow.status} after ${Math.round(slow.ms)} ms, ${failing.status} after ${tries} tries`);
  expect([slow.status, failing.status, tries]).toEqual([504, 503, route.tries]);
  expect(slow.ms).toBeGreaterThan(route.timeoutMs - 50);
  // Well before the service would have answered, and what is forged would have ended it.
  expect(slow.ms).toBeLessThan(2 * route.timeoutMs);
}

test("a proxy knows its callees, and nobody else of the applications", async () => {
  const pods = (await listPods("app")).filter(({ ready }) => ready);
  const hosts = new Set(matrix.map(({ to }) => hostOf(to)));
  // The proxy of a job has ended with it.
  const { items } = await kubeGet<{ items: Labelled[] }>("jobs,cronjobs", "--all-namespaces");
  const jobs = new Set(items.map(({ metadata: { namespace, labels } }) => `${namespace}/${labels?.app}`));
  for (const workload of new Set(matrix.map(({ to }) => to).filter((to) => !jobs.has(to)))) {
    const pod = pods.find(({ namespace, labels }) => `${namespace}/${labels.app}` === workload);
    if (!pod) throw new Error(`no pod of ${workload} is ready`);
    const args = ["proxy-config", "clusters", `${pod.name}.${pod.namespace}`, "--direction=outbound", "--output=json"];
    const clusters = JSON.parse((await run("istioctl", args, { env: await stackEnvironment() })).stdout) as { name: string }[];
    const known = new Set(clusters.map(({ name }) => name.split("|").at(-1) ?? "").filter((host) => hosts.has(host)));
    const callees = matrix.filter(({ from, allowed }) => from === workload && allowed).map(({ to }) => hostOf(to));
    expect({ workload, known: [...known].sort() }).toEqual({ workload, known: [...new Set(callees)].sort() });
  }
});
