import fc from "fast-check";
import { expect, test } from "vitest";
import { ZeroTrust } from "../../../../components/security/ZeroTrust.ts";
import { ownWorkloads } from "../../../../model/application.ts";
import { CallGraph, principalOf, type Workload } from "../../../../model/callGraph.ts";
import { checkApplications } from "../../../../model/checks/check.ts";
import { nameOf } from "../../../../model/names.ts";
import { hasRequests, type Port } from "../../../../model/ports.ts";
import { type Declared, declared } from "../../../lib/arbitraries.ts";
import { isAllowed, type Policy, policiesOf } from "../../../lib/authorization.ts";
import { type MatrixRow, matrixCells } from "../../../lib/matrixRows.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";
import { declared as declaredAs, factsOf } from "../../../lib/shop.ts";

const runs = { numRuns: 20 };

function recordSecurity({ applications, gateways }: Declared): Promise<Recording> {
  const graph = new CallGraph(applications, factsOf(...gateways));
  return record(() => {
    for (const { namespace } of applications) new ZeroTrust(namespace, { graph, namespace });
  });
}

test("any application that holds together is taken, and each kind of them comes up", () => {
  const seen = { storage: 0, itself: 0, elsewhere: 0, egress: 0, match: 0, affinity: 0, mirror: 0, fault: 0 };
  fc.assert(
    fc.property(declared(), ({ applications, gateways }) => {
      expect(checkApplications(declaredAs(applications), { gateways: factsOf(...gateways) }).problems).toEqual([]);
      const { edges, workloads } = new CallGraph(applications, []);
      seen.itself += edges.filter(({ from, to }) => nameOf(from) === nameOf(to)).length;
      seen.elsewhere += edges.filter(
        ({ from, to, port }) => from.namespace !== to.namespace && port.name === "postgresql",
      ).length;
      for (const { stateful, egress = [] } of workloads) {
        seen.storage += stateful ? 1 : 0;
        seen.egress += egress.length;
      }
      for (const { rules } of applications.flatMap(({ services }) => services))
        for (const rule of ["match", "affinity", "mirror", "fault"] as const)
          seen[rule] += rules?.[rule] && (rule !== "match" || rules.match.length > 0) ? 1 : 0;
    }),
    { numRuns: 100 },
  );
  for (const [kind, times] of Object.entries(seen)) expect([kind, times > 3]).toEqual([kind, true]);
});

test("for any application, what is declared is allowed and nothing else, on every port", async () => {
  let [allowed, denied, closed] = [0, 0, 0];
  /** Of a workload by itself, and of databases by others than those beside them. */
  const [itself, elsewhere] = [
    { allowed: 0, denied: 0 },
    { allowed: 0, denied: 0 },
  ];
  /** Of workers and jobs, which have ways out and none in. */
  const silent = { allowed: 0, denied: 0, asked: 0 };
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const uncalled = given.applications.flatMap(({ namespace, workers = [], jobs = [] }) =>
        [...workers, ...jobs].map(({ name }) => nameOf({ namespace, name })),
      );
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      const policies = policiesOf(await recordSecurity(given));
      const databases = given.applications.flatMap(({ namespace, databases = [] }) =>
        databases.map(({ name }) => nameOf({ namespace, name })),
      );
      const rows = matrixCells(graph.matrix());
      const wrong: object[] = [];
      for (const { from, to, port: dialled, operations } of rows) {
        const callee = graph.workloads.find((workload) => nameOf(workload) === to);
        if (!callee) throw new Error(`no workload ${to}`);
        const port = callee.ports.find((one) => one.port === dialled);
        // What is declared of another port says nothing of this one.
        const pair = rows.filter((row) => row.from === from && row.to === to).flatMap((row) => row.operations);
        for (const request of requestsTo(port, pair)) {
          const declaredSo = operations.some((operation) => permits(operation, request));
          if (answer(policies, from, callee, port, request) !== declaredSo)
            wrong.push({ from, to, port: dialled, request, declaredSo });
          if (!request && !declaredSo) closed++;
          if (declaredSo) allowed++;
          else denied++;
          if (from === to) itself[declaredSo ? "allowed" : "denied"]++;
          if (databases.includes(to) && from.split("/")[0] !== callee.namespace) elsewhere[declaredSo ? "allowed" : "denied"]++;
          if (uncalled.includes(from)) silent[declaredSo ? "allowed" : "denied"]++;
          if (uncalled.includes(to)) silent.asked++;
        }
      }
      // Told at once: there are some hundred thousand requests.
      expect(wrong).toEqual([]);
    }),
    runs,
  );
  expect(allowed).toBeGreaterThan(100);
  expect(denied).toBeGreaterThan(1_000);
  // Of those the ones where no proxy sees a request.
  expect(closed).toBeGreaterThan(100);
  for (const { allowed, denied } of [itself, elsewhere]) {
    expect(allowed).toBeGreaterThan(0);
    expect(denied).toBeGreaterThan(20);
  }
  expect(silent.allowed).toBeGreaterThan(0);
  expect(silent.denied).toBeGreaterThan(50);
  expect(silent.asked).toBeGreaterThan(20);
});

interface Http {
  readonly method: string;
  readonly path: string;
}
type Operations = MatrixRow["operations"];

/** What is worth asking: whatever is declared, and what is next to it. */
function requestsTo(port: Port | undefined, operations: Operations): (Http | undefined)[] {
  if (!port || !hasRequests(port.protocol)) return [undefined];
  const paths = ["/", "/elsewhere", ...operations.flatMap(({ paths = [] }) => paths)];
  const near = paths.flatMap((path) => [path, `${path}/below`, `${path}x`, path.toUpperCase()]);
  return ["GET", "HEAD", "POST", "DELETE", "get"].flatMap((method) => near.map((path) => ({ method, path })));
}

/** The declaration read as it is documented, without a policy in between. */
function permits({ methods, paths, exact = false }: Operations[number], request: Http | undefined): boolean {
  if (!request) return true;
  const isMeant = (path: string) => request.path === path || (!exact && request.path.startsWith(`${path}/`));
  return (methods?.includes(request.method) ?? true) && (paths?.some(isMeant) ?? true);
}

function answer(
  policies: readonly Policy[],
  from: string,
  { namespace, name }: Workload,
  port: Port | undefined,
  http: Http | undefined,
): boolean {
  const [fromNamespace = "", account = ""] = from.split("/");
  return isAllowed(policies, {
    principal: principalOf({ namespace: fromNamespace, name: account }),
    namespace,
    labels: { app: name, version: "v1" },
    port: port?.target ?? 8_080,
    ...(http && { http }),
  });
}

test("for any application, another port of a pod is nobody's", async () => {
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const policies = policiesOf(await recordSecurity(given));
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      for (const { from, to } of graph.edges) {
        const request = {
          principal: principalOf(from),
          namespace: to.namespace,
          labels: { app: to.name },
          // Of the proxy, which no container can have.
          port: 15_050,
          http: { method: "GET", path: "/" },
        };
        expect(isAllowed(policies, request)).toBe(false);
      }
    }),
    runs,
  );
});

test("for any application, each proxy knows its callees and the hosts outside that it reaches, and nothing else", async () => {
  let [outside, pods] = [0, 0];
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const recording = await recordSecurity(given);
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      const own = given.applications.flatMap((application) =>
        ownWorkloads(application).map((workload) => ({ ...workload, namespace: application.namespace })),
      );
      const keeping = own.filter((workload) => "storage" in workload).map(nameOf);
      for (const { inputs } of recording.all("kubernetes:networking.istio.io/v1:Sidecar")) {
        const { namespace, name } = at<{ namespace: string; name: string }>(inputs, "metadata");
        const { egress = [] } = own.find((workload) => workload.namespace === namespace && workload.name === name) ?? {};
        const callees = graph.calleesOf({ namespace, name }).map(({ to, port }) => ({ to, port: port.port }));
        const inside = (of: typeof callees) =>
          of.flatMap(({ to }) =>
            [to.name, ...(keeping.includes(nameOf(to)) ? [`${to.name}-headless`] : [])].map(
              (service) => `${to.namespace}/${service}.${to.namespace}.svc.cluster.local`,
            ),
          );
        const known = at<{ port?: { number: number; protocol: string }; hosts: string[] }[]>(inputs, "spec.egress");
        const [last, ...byPort] = known.toReversed();
        expect([last?.port, last?.hosts.toSorted()]).toEqual([undefined, callees.length > 0 ? sorted(inside(callees)) : ["~/*"]]);
        const found = byPort.map(({ port, hosts }) => [`${port?.protocol} ${port?.number}`, hosts.toSorted()]);
        const ports = [...new Set(egress.map(({ port }) => port))].map((port) => {
          const reached = egress.filter((one) => one.port === port);
          const beside = inside(callees.filter((callee) => callee.port === port));
          const hosts = reached.flatMap(({ hosts }) => hosts.map((host) => `./${host}`));
          return [`${reached[0]?.protocol.toUpperCase()} ${port}`, sorted([...hosts, ...beside])];
        });
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(ports));
        expect(found).toHaveLength(ports.length);
        outside += ports.length;
        pods += new Set(inside(callees)).size - new Set(callees.map(({ to }) => nameOf(to))).size;
        expect(at<string>(inputs, "spec.outboundTrafficPolicy.mode")).toBe("REGISTRY_ONLY");
      }
      expect(recording.all("kubernetes:networking.istio.io/v1:Sidecar")).toHaveLength(graph.workloads.length);
      // As many namespaces know a host as have workloads that reach it, each on its ports.
      const entries = recording.all("kubernetes:networking.istio.io/v1:ServiceEntry").flatMap(({ inputs }) => {
        expect(at<string[]>(inputs, "spec.exportTo")).toEqual(["."]);
        const namespace = at<string>(inputs, "metadata.namespace");
        return at<string[]>(inputs, "spec.hosts").flatMap((host) =>
          at<OutsidePort[]>(inputs, "spec.ports").map(
            ({ number, targetPort = number, protocol }) => `${namespace} ${host} ${number} ${targetPort} ${protocol}`,
          ),
        );
      });
      const reached = own.flatMap(({ namespace, egress = [] }) =>
        egress.flatMap(({ hosts, port, target, protocol }) =>
          hosts.map((host) => `${namespace} ${host} ${port} ${target} ${protocol.toUpperCase()}`),
        ),
      );
      expect(entries.toSorted()).toEqual(sorted(reached));
    }),
    runs,
  );
  expect(outside).toBeGreaterThan(20);
  expect(pods).toBeGreaterThan(5);
});

/** Each once. */
const sorted = (all: readonly string[]) => [...new Set(all)].toSorted();

interface OutsidePort {
  readonly number: number;
  readonly targetPort?: number;
  readonly protocol: string;
}

interface Egress {
  readonly to: readonly (Peer & { readonly ipBlock?: { readonly cidr: string } })[];
  readonly ports: readonly { readonly port: number }[];
}

const whereTo = ({ ipBlock, ...peer }: Egress["to"][number]) => ipBlock?.cidr ?? inWords(peer);

test("for any application, the network lets the declared callers of each port in, and out to callees and hosts outside, and no further", async () => {
  let [rules, ways] = [0, 0];
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const { all } = await recordSecurity(given);
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      const peers = all("kubernetes:networking.k8s.io/v1:NetworkPolicy").filter(({ inputs }) =>
        at<string>(inputs, "metadata.name").startsWith("peers-of-"),
      );
      expect(peers).toHaveLength(graph.workloads.length);
      for (const { inputs } of peers) {
        const namespace = at<string>(inputs, "metadata.namespace");
        const name = at<string>(inputs, "spec.podSelector.matchLabels.app");
        const letIn = at<Ingress[]>(inputs, "spec.ingress") ?? [];
        const found = letIn.flatMap(({ from, ports }) =>
          ports.flatMap(({ port }) => from.map((peer) => `${inWords(peer)} ${port}`)),
        );
        const expected = graph
          .callersOf({ namespace, name })
          .map(({ from, gateway, port }) => `${from.namespace}/${gateway ? "any" : from.name} ${port.target}`);
        expect(found.toSorted()).toEqual([...new Set(expected)].toSorted());
        rules += found.length;
        // Names and the control plane, which every proxy needs, come first.
        const out = at<Egress[]>(inputs, "spec.egress").slice(2);
        const { egress = [] } = graph.in(namespace).find((workload) => workload.name === name) ?? {};
        const beyond = egress.flatMap(({ addresses = ["0.0.0.0/0", "::/0"], target }) =>
          addresses.map((cidr) => `${cidr} ${target}`),
        );
        const callees = graph.calleesOf({ namespace, name }).map(({ to, port }) => `${nameOf(to)} ${port.target}`);
        const reached = out.flatMap(({ to, ports }) => ports.flatMap(({ port }) => to.map((peer) => `${whereTo(peer)} ${port}`)));
        expect(reached.toSorted()).toEqual(sorted([...callees, ...beyond]));
        ways += beyond.length;
      }
    }),
    runs,
  );
  expect(rules).toBeGreaterThan(50);
  expect(ways).toBeGreaterThan(20);
});

interface Peer {
  readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podSelector?: { readonly matchLabels: { readonly app: string } };
}

interface Ingress {
  readonly from: readonly Peer[];
  readonly ports: readonly { readonly port: number }[];
}

const inWords = ({ namespaceSelector, podSelector }: Peer) =>
  `${namespaceSelector.matchLabels["kubernetes.io/metadata.name"]}/${podSelector?.matchLabels.app ?? "any"}`;
