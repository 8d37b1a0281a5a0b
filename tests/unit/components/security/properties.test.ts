import fc from "fast-check";
import { expect, test } from "vitest";
import { ZeroTrust } from "../../../../components/security/ZeroTrust.ts";
import { CallGraph, principalOf, type Workload } from "../../../../model/callGraph.ts";
import { checkApplications } from "../../../../model/checks/check.ts";
import { nameOf } from "../../../../model/names.ts";
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

test("for any application, what is declared is allowed and nothing else", async () => {
  let [allowed, denied] = [0, 0];
  await fc.assert(
    fc.asyncProperty(declared(), async (given) => {
      const graph = new CallGraph(given.applications, factsOf(...given.gateways));
      const policies = policiesOf(await recordSecurity(given));
      for (const { from, to, operations } of matrixRows(graph.matrix())) {
        const callee = graph.workloads.find((workload) => nameOf(workload) === to);
        if (!callee) throw new Error(`no workload ${to}`);
        for (const request of requestsTo(callee, operations)) {
          const declaredSo = operations.some((operation) => permits(operation, request));
          expect({ from, to, request, allowed: answer(policies, from, callee, request) }).toEqual({
            from,
            to,
            request,
            allowed: declaredSo,
          });
          if (declaredSo) allowed++;
          else denied++;
        }
      }
    }),
    runs,
  );
  expect(allowed).toBeGreaterThan(100);
  expect(denied).toBeGreaterThan(1_000);
});

interface Http {
  readonly method: string;
  readonly path: string;
}
type Operations = MatrixRow["operations"];

/** What is worth asking: whatever is declared, and what is next to it. */
function requestsTo({ listens }: Workload, operations: Operations): (Http | undefined)[] {
  if (listens?.protocol !== "http") return [undefined];
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
  { namespace, name, listens }: Workload,
  http: Http | undefined,
): boolean {
  const [fromNamespace = "", account = ""] = from.split("/");
  return isAllowed(policies, {
    principal: principalOf({ namespace: fromNamespace, name: account }),
    namespace,
    labels: { app: name, version: "v1" },
    port: listens?.containerPort ?? 8_080,
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
          port: 15_999,
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
        const callees = rows
          .filter(({ from, allowed }) => allowed && from === `${namespace}/${name}`)
          .map(({ to }) => to.split("/"));
        const hosts = callees.map(([ns, service]) => `${ns}/${service}.${ns}.svc.cluster.local`);
        expect(at<string[]>(inputs, "spec.egress.0.hosts").toSorted()).toEqual(hosts.length > 0 ? hosts.toSorted() : ["~/*"]);
        expect(at<string>(inputs, "spec.outboundTrafficPolicy.mode")).toBe("REGISTRY_ONLY");
      }
      expect(recording.all("kubernetes:networking.istio.io/v1:Sidecar")).toHaveLength(
        given.applications.flatMap(({ services, databases = [], loadGenerators = [] }) => [
          ...services,
          ...databases,
          ...loadGenerators,
        ]).length,
      );
    }),
    runs,
  );
});
