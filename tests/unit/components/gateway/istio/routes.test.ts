import { describe, expect, test } from "vitest";
import { IstioRoutes, type IstioRoutesArgs } from "../../../../../components/gateway/istio/IstioRoutes.ts";
import type { Redirect } from "../../../../../model/exposed.ts";
import type { Route } from "../../../../../model/route.ts";
import { at, type Registered, record } from "../../../../lib/mocks.ts";
import { recordStack } from "../../../../lib/stacks.ts";
import { oneHost, routeOf } from "../../../support/routes.ts";
import { type IstioRequest, istioTaker, type Rule, type Table } from "../../../support/takers.ts";

const virtualService = "kubernetes:networking.istio.io/v1:VirtualService";

const args = { gateway: "ns/door", namespace: "ns", tls: oneHost, httpsPort: 8443 };

const recordRoutes = (routes: readonly Route[], changes: Partial<IstioRoutesArgs> = {}) =>
  record(() => new IstioRoutes("table", { ...args, ...changes, routes }));

const specOf = ({ inputs }: Registered) => at<Table>(inputs, "spec");

async function rulesOf(...routes: Route[]): Promise<readonly Rule[]> {
  const { inputs } = await recordRoutes(routes);
  return at<Rule[]>(inputs(virtualService, "table"), "spec.http");
}

describe("the route table", () => {
  test("is one VirtualService on the gateway alone, which leaves the rest to the exposures' own", async () => {
    const { inputs } = await recordStack("local");
    const spec = at<Table>(inputs(virtualService, "routes"), "spec");
    expect(spec).toMatchObject({ hosts: ["*"], gateways: ["istio-ingress/public"] });
    expect(spec.http).toContainEqual({
      name: "product-exposed",
      match: [{ uri: { exact: "/api/products" } }, { uri: { prefix: "/api/products/" } }],
      delegate: { name: "product-exposed", namespace: "product" },
    });
    expect(JSON.stringify(spec)).not.toContain('"route"');
    expect(inputs(virtualService, "product-product.products")).toMatchObject({
      metadata: { name: "product-exposed", namespace: "product" },
    });
  });

  test("holds on the Gateway that redirects where a trusted proxy says that HTTPS was used", async () => {
    const { inputs } = await recordRoutes([routeOf("shop", "/")], { behindProxies: "ns/redirect" });
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

  test("takes a path and what is below it, not what merely begins alike, and where it is exact nothing below", async () => {
    const { all } = await recordRoutes([
      routeOf("products", "/api/products"),
      routeOf("products", "/", { exposure: "home", exact: true }),
      routeOf("products", "/api/products/new", { exposure: "new", exact: true }),
      routeOf("products", "/api/products", { exposure: "list", exact: true }),
    ]);
    const tables = all(virtualService).map(specOf);
    const takers = (...paths: string[]) => paths.map((path) => istioTaker(tables, { path }));
    expect(takers("/api/products/", "/api/products/1", "/api/products/new/1")).toEqual(Array(3).fill("products.page"));
    expect(takers("/", "/api/products", "/api/products/new")).toEqual(["products.home", "products.list", "products.new"]);
    expect(takers("/api/productsx", "/api", "/a")).toEqual([undefined, undefined, undefined]);
  });

  test("has a row for each version where a path has one in it, all for the same rules", async () => {
    const products = routeOf("products", "/api/products", { versioned: "/api/{version}/products", versions: ["v1", "v2"] });
    const rules = await rulesOf(routeOf("shop", "/"), products);
    expect(rules.map(({ name, delegate, match }) => [name, delegate?.name, match[0]?.uri])).toEqual([
      ["products.page.v1", "products.page", { exact: "/api/v1/products" }],
      ["products.page.v2", "products.page", { exact: "/api/v2/products" }],
      ["products.page", "products.page", { exact: "/api/products" }],
      ["shop.page", "shop.page", { prefix: "/" }],
    ]);
  });

  test("leaves out what another gateway offers, and is not there when nothing is left", async () => {
    const kong = routeOf("kong", "/kong", { gateways: ["kong"], hosts: ["shop.example.com"] });
    expect((await rulesOf(routeOf("shop", "/"), kong)).map(({ name }) => name)).toEqual(["shop.page"]);
    const { all } = await recordRoutes([kong]);
    expect(all(virtualService)).toEqual([]);
  });

  test("tells exposures of one path apart by the method, and the last by name takes the others", async () => {
    const routes = [
      routeOf("shop", "/a", { exposure: "write", methods: ["POST", "PUT"] }),
      routeOf("shop", "/a", { exposure: "read", methods: ["GET", "HEAD"] }),
      routeOf("shop", "/b", { methods: ["GET"] }),
    ];
    for (const behindProxies of [undefined, "ns/redirect"]) {
      const { all } = await recordRoutes(routes, { behindProxies });
      const tables = all(virtualService).map(specOf);
      const takers = (more: Omit<IstioRequest, "path"> = {}) =>
        ["GET", "HEAD", "PUT", "OPTIONS", "GETS"].map((method) => istioTaker(tables, { path: "/a/1", method, ...more }));
      const expected = ["shop.read", "shop.read", "shop.write", "shop.write", "shop.write"];
      expect(takers()).toEqual(expected);
      const used = { "x-forwarded-proto": "https" };
      const proxied = { gateway: "ns/redirect", port: 80 } as const;
      expect(takers({ ...proxied, headers: used })).toEqual(behindProxies ? expected : Array(5).fill(undefined));
      expect(takers(proxied)).toEqual(Array(5).fill(undefined));
      // Where one is alone, whatever is asked with is the service's to judge.
      expect(istioTaker(tables, { path: "/b", method: "POST" })).toBe("shop.page");
      expect(JSON.stringify(tables[0]?.http.find(({ name }) => name === "shop.page"))).not.toContain(":method");
    }
  });
});

describe("where exposures name hosts", () => {
  const tls = { hosts: ["shop.example.com", "api.example.com", "*.example.org", "x.example.org"], plaintext: true };
  const routes = [
    routeOf("all", "/"),
    routeOf("all", "/cart", { exposure: "cart" }),
    routeOf("api", "/", { hosts: ["api.example.com"] }),
    routeOf("org", "/cart", { hosts: ["*.example.org"] }),
    routeOf("own", "/cart/mine", { hosts: ["x.example.org", "shop.example.com"] }),
  ];
  const tablesOf = async (changes: Partial<IstioRoutesArgs> = {}) => {
    const { all } = await recordRoutes(routes, { tls, ...changes });
    return all(virtualService);
  };

  test("there is a table for all hosts that have the same, over HTTPS, and one of HTTP for all others", async () => {
    const tables = await tablesOf();
    const places = Object.fromEntries(
      tables.map(({ name, inputs }) => [name, [at(inputs, "metadata.name"), specOf({ name, type: "", inputs }).hosts]]),
    );
    expect(places).toEqual({
      "table-shop.example.com": ["routes.of.shop.example.com", ["shop.example.com"]],
      "table-api.example.com": ["routes.of.api.example.com", ["api.example.com"]],
      "table-*.example.org": ["routes.below.example.org", ["*.example.org"]],
      "table-x.example.org": ["routes.of.x.example.org", ["x.example.org"]],
      table: ["routes", ["*"]],
    });
    for (const table of tables) {
      const { gateways, http } = specOf(table);
      expect(gateways).toEqual(["ns/door"]);
      for (const { match } of http) for (const { port } of match) expect(port).toBe(table.name === "table" ? 80 : 443);
    }
    const { all } = await recordRoutes(routes, { tls: { ...tls, hosts: [...tls.hosts, "www.example.com", "m.example.com"] } });
    expect(all(virtualService).map((table) => specOf(table).hosts)).toContainEqual(["www.example.com", "m.example.com"]);
  });

  test.each<[string, string, string | undefined]>([
    ["shop.example.com", "/", "all.page"],
    ["shop.example.com", "/cart", "all.cart"],
    ["shop.example.com", "/cart/mine", "own.page"],
    ["api.example.com", "/", "api.page"],
    ["api.example.com", "/cart", "api.page"],
    ["a.example.org", "/", "all.page"],
    ["a.example.org", "/cart/mine", "org.page"],
    ["x.example.org", "/cart", "org.page"],
    ["x.example.org", "/cart/mine", "own.page"],
    ["x.example.org", "/other", "all.page"],
    ["nobody.example.com", "/", undefined],
  ])("a request to %s for %s is for %s, and over HTTP to any host for what has no host", async (host, path, name) => {
    const tables = (await tablesOf()).map(specOf);
    expect(istioTaker(tables, { host, path })).toBe(name);
    expect(istioTaker(tables, { host, path, port: 80 })).toBe(path.startsWith("/cart") ? "all.cart" : "all.page");
  });

  test("no request meets the table of all hosts before those of their own are there", async () => {
    const { all, dependsOn } = await recordRoutes(routes, { tls });
    const own = all(virtualService).filter(({ name }) => name !== "table");
    expect(own).toHaveLength(4);
    for (const { name } of own) expect(dependsOn([virtualService, "table"], [virtualService, name])).toBe(true);
  });

  test("without plaintext, or where all exposures name some, there is no table of other hosts", async () => {
    const names = (tables: readonly Registered[]) => tables.map(({ name }) => name);
    expect(names(await tablesOf({ tls: { ...tls, plaintext: false } }))).not.toContain("table");
    const named = await recordRoutes([routeOf("api", "/", { hosts: ["api.example.com"] })], { tls });
    expect(names(named.all(virtualService))).toEqual(["table-api.example.com"]);
    expect(istioTaker(named.all(virtualService).map(specOf), { host: "api.example.com", path: "/", port: 80 })).toBeUndefined();
  });

  test("behind proxies their tables hold as well where HTTPS was used before, and that of the others does not", async () => {
    const tables = (await tablesOf({ behindProxies: "ns/redirect" })).map(specOf);
    const proxied = { gateway: "ns/redirect", port: 80, path: "/cart" } as const;
    const headers = { "x-forwarded-proto": "https" };
    expect(istioTaker(tables, { ...proxied, host: "a.example.org", headers })).toBe("org.page");
    expect(istioTaker(tables, { ...proxied, host: "a.example.org" })).toBeUndefined();
    expect(istioTaker(tables, { ...proxied, host: "nobody.example.com", headers })).toBeUndefined();
    expect(istioTaker(tables, { host: "a.example.org", path: "/cart" })).toBe("org.page");
    expect(istioTaker(tables, { host: "a.example.org", path: "/cart", port: 80 })).toBe("all.cart");
  });
});

describe("an exposure that sends clients elsewhere", () => {
  test.each<[Redirect, object]>([
    [
      { path: "/new", code: 301 },
      { uri: "/new", redirectCode: 301 },
    ],
    [
      { host: "shop.example.com", code: 308 },
      { scheme: "https", authority: "shop.example.com:8443", redirectCode: 308 },
    ],
    [
      { host: "elsewhere.example.com", path: "/", code: 302 },
      { uri: "/", scheme: "https", authority: "elsewhere.example.com", redirectCode: 302 },
    ],
  ])(
    "by %j is answered by the gateway, where the host is one of its own at the port that clients use",
    async (redirect, answer) => {
      const [rule] = await rulesOf(routeOf("shop", "/old", { redirect }));
      expect(rule).toEqual({
        name: "shop.page",
        match: [{ uri: { exact: "/old" } }, { uri: { prefix: "/old/" } }],
        redirect: answer,
      });
    },
  );

  test("to a host of its own names no port where clients need none", async () => {
    const route = routeOf("shop", "/old", { redirect: { host: "shop.example.com", code: 308 } });
    const { inputs } = await recordRoutes([route], { httpsPort: 443 });
    expect(at(inputs(virtualService, "table"), "spec.http.0.redirect.authority")).toBe("shop.example.com");
  });
});
