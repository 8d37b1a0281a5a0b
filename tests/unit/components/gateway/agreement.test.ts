import fc from "fast-check";
import { expect, test } from "vitest";
import { IstioRoutes } from "../../../../components/gateway/istio/IstioRoutes.ts";
import { regionsOf } from "../../../../components/gateway/istio/regions.ts";
import { checkApplications } from "../../../../model/checks/check.ts";
import type { Exposure } from "../../../../model/exposed.ts";
import { routesOf } from "../../../../model/route.ts";
import { tablesOf } from "../../../../model/routeTable.ts";
import { at, record } from "../../../lib/mocks.ts";
import { declared, factsOf, service, versionOf } from "../../../lib/shop.ts";
import { oneHost, recordTable } from "../../support/kong.ts";
import { holds, istioTaker, kongTaker, type Table } from "../../support/takers.ts";

/*
 * Both gateways make a table of their own of what is exposed, and Istio's policies a third.
 */

const tls = { ...oneHost, hosts: ["shop.example.com", "*.example.org", "x.example.org"] };
const paths = ["/", "/a", "/a/b", "/a.b", "/a/b/c"];
const requests = ["shop.example.com", "a.example.org", "x.example.org"].flatMap((host) =>
  [...paths, "/v1/a", "/v1/a/b", "/ab", "/a/bc", "/a/b/c/d", "/axb", "/else"].flatMap((path) =>
    ["GET", "POST", "DELETE"].map((method) => ({ host, path, method })),
  ),
);

/** Exposures of services of HTTP, of which each is left out that could not be told from those before it. */
const exposures = () => {
  const path = fc.constantFrom(...paths);
  const common = {
    hosts: fc.subarray(tls.hosts, { minLength: 1 }),
    methods: fc.constantFrom(["GET"], ["POST"], ["DELETE", "POST"]),
  };
  const versioned = fc.constantFrom("/{version}/a", "/a/{version}");
  const one = fc.oneof(
    fc.record({ path, versioned, ...common }, { requiredKeys: ["path"] }),
    fc.record({ path, exact: fc.constant(true), ...common }, { requiredKeys: ["path", "exact"] }),
  );
  return fc.array(one, { minLength: 2, maxLength: 6 }).map((all) => {
    let kept: Exposure[] = [];
    for (const exposure of all) if (problemsOf([...kept, exposure]).length === 0) kept = [...kept, exposure];
    return kept;
  });
};

/** Exposures that the method alone tells apart, of all hosts and of those below a name, besides others that it does not. */
const toldByMethods: readonly Exposure[][] = [undefined, ["*.example.org"], ["x.example.org"]].map((hosts) => {
  const [get, post, others]: Exposure[] = [
    { path: "/a", methods: ["GET"], ...(hosts && { hosts }) },
    { path: "/a", methods: ["POST"], ...(hosts && { hosts }) },
    { path: "/a", hosts: ["*.example.org", "x.example.org"].filter((host) => !hosts?.includes(host)) },
  ];
  return [get, post, others, { path: "/" }].filter((one) => one !== undefined);
});

/** By the delegate's name: that of a service's first one is named otherwise. */
const exposureOf = (name: string | undefined) => name?.replace(/-exposed$/, ".e");

const applicationOf = (all: readonly Exposure[]) => ({
  namespace: "team",
  services: all.map((exposure, index) => service(`s${index}`, { exposed: { e: exposure }, versions: [versionOf("v1", 100, 1)] })),
});

const problemsOf = (all: readonly Exposure[]) =>
  checkApplications(declared([applicationOf(all)]), { gateways: factsOf("istio", "kong"), tls }).problems;

test("whatever is exposed, both gateways and the policies of Istio's agree on whose each request is, over HTTPS and HTTP", async () => {
  const seen = { told: 0, hosts: 0, nobody: 0 };
  await fc.assert(
    fc.asyncProperty(exposures(), async (all) => {
      const routes = routesOf(applicationOf(all), ["istio", "kong"]);
      const table = { gateway: "ns/door", namespace: "ns", tls, httpsPort: 443, routes };
      const istio = await record(() => new IstioRoutes("table", table));
      const istioTables = istio
        .all("kubernetes:networking.istio.io/v1:VirtualService")
        .map(({ inputs }) => at<Table>(inputs, "spec"));
      const kong = await recordTable(routes, { tls });
      const tables = tablesOf(routes, tls);
      const regions = routes.map((route) => ({ name: exposureOf(route.delegate.name), own: regionsOf(route, tables) }));
      seen.told += tables.some(({ rows }) => rows.some(({ methods }) => methods)) ? 1 : 0;
      seen.hosts += tables.length > 1 ? 1 : 0;
      const without = (name: string | undefined, ending: RegExp) => name?.replace(ending, "");
      const places = [...requests, ...requests.map(({ host: _, ...rest }) => ({ ...rest, host: "some.where" }))];
      const answers = places.map((request) => {
        const [port, scheme] = request.host === "some.where" ? ([80, "http"] as const) : ([443, "https"] as const);
        const istioName = exposureOf(without(istioTaker(istioTables, { ...request, port }), /\.v1$/));
        const kongName = without(kongTaker(kong, { ...request, scheme }), /(\.\d)?(\.https)?$/);
        const ofPolicies = regions.flatMap(({ name, own }) => own.flatMap((region) => (holds(region, request) ? [name] : [])));
        if (!istioName) seen.nobody++;
        return { request, istioName, kongName, ofPolicies };
      });
      const differing = answers.filter(
        ({ istioName, kongName, ofPolicies }) =>
          istioName !== kongName || (istioName !== undefined && (ofPolicies.length !== 1 || ofPolicies[0] !== istioName)),
      );
      expect(differing).toEqual([]);
    }),
    { numRuns: 30, examples: toldByMethods.map((all) => [all]) },
  );
  for (const [kind, times] of Object.entries(seen)) expect([kind, times > 2]).toEqual([kind, true]);
});
