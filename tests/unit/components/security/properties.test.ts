import fc from "fast-check";
import { expect, test } from "vitest";
import { ZeroTrust } from "../../../../components/security/ZeroTrust.ts";
import { CallGraph, principalOf, type Workload } from "../../../../model/callGraph.ts";
import { checkApplications } from "../../../../model/checks/check.ts";
import { nameOf } from "../../../../model/names.ts";
import { hasRequests, type Port } from "../../../../model/ports.ts";
import { type Declared, declared } from "../../../lib/arbitraries.ts";
import { isAllowed, type Policy, policiesOf } from "../../../lib/authorization.ts";
import { type MatrixRow, matrixRows } from "../../../lib/matrixRows.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";
import { declared as declaredAs, factsOf } from "../../../lib/shop.ts";

const runs = { numRuns: 20 };

function recordSecurity({ applications, gateways }: Declared): Promise<Recording> {
  const graph = new CallGraph(applications, factsOf(...gateways));
  return record(() => {
    for (const { namespace } of applications) new ZeroTrust(namespace, { graph, namespace });
  });
}

test("any application that holds together is taken", () => {
  fc.assert(
    fc.property(declared(), ({ applications, gateways }) => {
      expect(checkApplications(declaredAs(applications), { gateways: factsOf(...gateways) }).problems).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test("for any application, what is declared is allowed and nothing else, on every port", async () => {
  let [allowed, denied, closed] = [0, 0, 0];
  /** Of workers and jobs, which have ways out and none in. */
  const silent = { allowed: 0, denied: 0, asked: 0 };
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const uncalled = given.applications.flatMap(({ namespace, workers = [], jobs = [] }) =>
        [...workers, ...jobs].map(({ name }) => nameOf({ namespace, name })),
      );
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      const policies = policiesOf(await recordSecurity(given));
      const rows = matrixRows(graph.matrix());
      for (const { from, to, port: dialled, operations } of rows) {
        const callee = graph.workloads.find((workload) => nameOf(workload) === to);
        if (!callee) throw new Error(`no workload ${to}`);
        const port = callee.ports.find((one) => one.port === dialled);
        // What is declared of another port says nothing of this one.
        const pair = rows.filter((row) => row.from === from && row.to === to).flatMap((row) => row.operations);
        for (const request of requestsTo(port, pair)) {
          const declaredSo = operations.some((operation) => permits(operation, request));
          const what = { from, to, port: dialled, request };
          expect({ ...what, allowed: answer(policies, from, callee, port, request) }).toEqual({ ...what, allowed: declaredSo });
          if (!request && !declaredSo) closed++;
          if (declaredSo) allowed++;
          else denied++;
          if (uncalled.includes(from)) silent[declaredSo ? "allowed" : "denied"]++;
          if (uncalled.includes(to)) silent.asked++;
        }
      }
    }),
    runs,
  );
  expect(allowed).toBeGreaterThan(100);
  expect(denied).toBeGreaterThan(1_000);
  // Of those the ones where no proxy sees a request.
  expect(closed).toBeGreaterThan(100);
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
function permits({ methods, paths }: Operations[number], request: Http | undefined): boolean {
  if (!request) return true;
  const below = (path: string) => request.path === path || request.path.startsWith(`${path}/`);
  return (methods?.includes(request.method) ?? true) && (paths?.some(below) ?? true);
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

test("for any application, each proxy knows its callees and nobody else", async () => {
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const recording = await recordSecurity(given);
      const rows = matrixRows(new CallGraph(given.applications, factsOf(...given.gateways)).matrix());
      for (const { inputs } of recording.all("kubernetes:networking.istio.io/v1:Sidecar")) {
        const { namespace, name } = at<{ namespace: string; name: string }>(inputs, "metadata");
        const called = rows.filter(({ from, allowed }) => allowed && from === `${namespace}/${name}`).map(({ to }) => to);
        const callees = [...new Set(called)].map((to) => to.split("/"));
        const hosts = callees.map(([ns, service]) => `${ns}/${service}.${ns}.svc.cluster.local`);
        expect(at<string[]>(inputs, "spec.egress.0.hosts").toSorted()).toEqual(hosts.length > 0 ? hosts.toSorted() : ["~/*"]);
        expect(at<string>(inputs, "spec.outboundTrafficPolicy.mode")).toBe("REGISTRY_ONLY");
      }
      expect(recording.all("kubernetes:networking.istio.io/v1:Sidecar")).toHaveLength(
        given.applications.flatMap(({ services, workers = [], jobs = [], databases = [], loadGenerators = [] }) => [
          ...services,
          ...workers,
          ...jobs,
          ...databases,
          ...loadGenerators,
        ]).length,
      );
    }),
    runs,
  );
});

test("for any application, the network lets the declared callers of each port in to it, and nobody else", async () => {
  let rules = 0;
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
      }
    }),
    runs,
  );
  expect(rules).toBeGreaterThan(50);
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
