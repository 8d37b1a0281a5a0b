import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IstioRoutes } from "../../../../components/gateway/istio/IstioRoutes.ts";
import { pathsOwnedByOtherRoutes } from "../../../../components/gateway/routeTable.ts";
import type { Route } from "../../../../model/route.ts";
import { at, record } from "../../../lib/mocks.ts";
import { recordStack } from "../../../lib/stacks.ts";
import { routeOf } from "../../support/routes.ts";

const virtualService = "kubernetes:networking.istio.io/v1:VirtualService";

interface Rule {
  readonly name: string;
  readonly match: readonly { readonly uri: { readonly exact?: string; readonly prefix?: string } }[];
  readonly delegate: { readonly name: string; readonly namespace: string };
}

async function rulesOf(...routes: Route[]): Promise<Rule[]> {
  const { inputs } = await record(() => new IstioRoutes("table", { gateway: "ns/door", namespace: "ns", routes }));
  return at<Rule[]>(inputs(virtualService, "table"), "spec.http");
}

/** The rule that a path falls to: the first that takes it. */
function taker(rules: readonly Rule[], path: string): string | undefined {
  const takes = ({ exact, prefix }: Rule["match"][number]["uri"]) =>
    exact === path || (prefix !== undefined && path.startsWith(prefix));
  return rules.find(({ match }) => match.some(({ uri }) => takes(uri)))?.name;
}

describe("the route table", () => {
  test("is one VirtualService on the gateway alone, which leaves the rest to the services' own", async () => {
    const { inputs } = await recordStack("local");
    const spec = at<{ http: Rule[] }>(inputs(virtualService, "routes"), "spec");
    expect(spec).toMatchObject({ hosts: ["*"], gateways: ["istio-ingress/public"] });
    expect(spec.http).toContainEqual({
      name: "product-exposed",
      match: [{ uri: { exact: "/api/products" } }, { uri: { prefix: "/api/products/" } }],
      delegate: { name: "product-exposed", namespace: "product" },
    });
    expect(JSON.stringify(spec)).not.toContain('"route"');
    expect(inputs(virtualService, "product-product-delegate")).toMatchObject({
      metadata: { name: "product-exposed", namespace: "product" },
    });
  });

  test("holds on the Gateway that redirects where a trusted proxy says that HTTPS was used", async () => {
    const args = { gateway: "ns/door", behindProxies: "ns/redirect", namespace: "ns", routes: [routeOf("shop", "/")] };
    const { inputs } = await record(() => new IstioRoutes("table", args));
    const below = { uri: { prefix: "/" } };
    expect(at<object>(inputs(virtualService, "table"), "spec")).toMatchObject({
      gateways: ["ns/door", "ns/redirect"],
      http: [
        {
          match: [
            { ...below, gateways: ["ns/door"] },
            { ...below, gateways: ["ns/redirect"], headers: { "x-forwarded-proto": { exact: "https" } } },
          ],
        },
      ],
    });
  });

  test("takes a path and what is below it, not what merely begins alike", async () => {
    const rules = await rulesOf(routeOf("products", "/api/products"));
    expect(["/api/products", "/api/products/1"].map((path) => taker(rules, path))).toEqual([
      "products-exposed",
      "products-exposed",
    ]);
    expect(["/api/productsx", "/api", "/"].map((path) => taker(rules, path))).toEqual([undefined, undefined, undefined]);
  });

  test("has a row for each version where a path has one in it, all for the same rules", async () => {
    const products = routeOf("products", "/api/products", { versioned: "/api/{version}/products", versions: ["v1", "v2"] });
    const rules = await rulesOf(routeOf("shop", "/"), products);
    expect(rules.map(({ name, delegate, match }) => [name, delegate.name, match[0]?.uri])).toEqual([
      ["products-exposed-v1", "products-exposed", { exact: "/api/v1/products" }],
      ["products-exposed-v2", "products-exposed", { exact: "/api/v2/products" }],
      ["products-exposed", "products-exposed", { exact: "/api/products" }],
      ["shop-exposed", "shop-exposed", { prefix: "/" }],
    ]);
    expect(taker(rules, "/api/v2/products/1")).toBe("products-exposed-v2");
    expect(taker(rules, "/api/v3/products")).toBe("shop-exposed");
  });

  test("leaves out what another gateway offers, and is not there when nothing is left", async () => {
    const kong = routeOf("kong", "/kong", { gateways: ["kong"] });
    expect((await rulesOf(routeOf("shop", "/"), kong)).map(({ name }) => name)).toEqual(["shop-exposed"]);
    const { all } = await record(() => new IstioRoutes("table", { gateway: "ns/door", namespace: "ns", routes: [kong] }));
    expect(all(virtualService)).toEqual([]);
  });

  test("asks the longer path first, whatever the order in which they were declared", async () => {
    const routes = ["/", "/api", "/api/products", "/cart"].map((path) => routeOf(`at${path.replaceAll("/", "-")}`, path));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(routes, { minLength: 4 }), async (shuffled) => {
        const rules = await rulesOf(...shuffled);
        expect(taker(rules, "/api/products/1")).toBe("at-api-products-exposed");
        expect(taker(rules, "/api/other")).toBe("at-api-exposed");
        expect(taker(rules, "/anything")).toBe("at--exposed");
      }),
      { numRuns: 10 },
    );
  });
});

test("what is somebody else's below a route: others' paths and versions, not its own, and not what merely begins alike", () => {
  const products = routeOf("products", "/api/products", { versioned: "/api/{version}/products", versions: ["v1"] });
  const [root, api, alike] = [routeOf("root", "/"), routeOf("api", "/api"), routeOf("alike", "/apis")];
  const all = [root, products, api, alike];
  expect(pathsOwnedByOtherRoutes(root, all)).toEqual(["/api/v1/products", "/api/products", "/apis", "/api"]);
  expect(pathsOwnedByOtherRoutes(api, all)).toEqual(["/api/v1/products", "/api/products"]);
  expect(pathsOwnedByOtherRoutes(products, all)).toEqual([]);
  const versions = routeOf("all", "/", { versioned: "/{version}" });
  expect(pathsOwnedByOtherRoutes(versions, [versions])).toEqual([]);
});
