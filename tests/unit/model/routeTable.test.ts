import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HeaderMatcher, regionsOf } from "../../../components/gateway/istio/regions.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { covers, isBelow } from "../../../model/hosts.ts";
import { delegateOf } from "../../../model/names.ts";
import type { Route } from "../../../model/route.ts";
import { type Row, routeRows, type Table, tablesOf, takesAll, within } from "../../../model/routeTable.ts";
import { oneHost, routeOf } from "../support/routes.ts";

/** What a table says, one text for each row: its name, its path with `/…` for what is below, and the methods that tell it from others. */
const written = ({ hosts, rows }: Table) => ({
  ...(hosts && { hosts }),
  rows: rows.map(({ name, path, exact, methods, otherMethods }) =>
    [
      name,
      exact ? path : `${path}/…`,
      ...(methods ? [methods.join("|")] : []),
      ...(otherMethods ? [`not ${otherMethods.join("|")}`] : []),
    ].join(" "),
  ),
});
const writtenOf = (routes: readonly Route[], tls: GatewayTls = oneHost) => tablesOf(routes, tls).map(written);

const many: GatewayTls = { hosts: ["shop.example.com", "api.example.com", "*.example.org"], plaintext: true };
/** A route of the path `/` for these hosts; without any, for all. */
const at = (service: string, ...hosts: string[]) => routeOf(service, "/", hosts.length > 0 ? { hosts } : {});

describe("without hosts there is one table for all", () => {
  test("in which the longer path comes first, and of one path the exact before what is below it", () => {
    const [root, api, one, products] = [
      routeOf("root", "/"),
      routeOf("api", "/api"),
      routeOf("one", "/api", { exact: true }),
      routeOf("products", "/api/products"),
    ];
    const expected = [{ rows: ["products.page /api/products/…", "one.page /api", "api.page /api/…", "root.page /…"] }];
    fc.assert(
      fc.property(fc.shuffledSubarray([root, api, one, products], { minLength: 4 }), (routes) => {
        expect(writtenOf(routes)).toEqual(expected);
      }),
    );
    expect(writtenOf([root, api, one, products], { ...oneHost, plaintext: false })).toEqual(expected);
  });

  test("in which a version by its path has a row of its own, which is exact where the exposure is", () => {
    const versioned = { versioned: "/api/{version}/products", versions: ["v1", "v2"] };
    const [below, exact] = [false, true].map((exact) => routeOf("products", "/api/products", { ...versioned, exact }));
    expect(writtenOf([at("shop"), below as Route])[0]?.rows).toEqual([
      "products.page.v1 /api/v1/products/…",
      "products.page.v2 /api/v2/products/…",
      "products.page /api/products/…",
      "shop.page /…",
    ]);
    expect(writtenOf([exact as Route])[0]?.rows).toEqual([
      "products.page.v1 /api/v1/products",
      "products.page.v2 /api/v2/products",
      "products.page /api/products",
    ]);
  });

  test("in which methods tell rows of one path apart, and the last by its name takes what is nobody's", () => {
    const [read, write, remove] = [["GET", "HEAD"], ["POST", "PUT"], ["DELETE"]].map((methods, index) =>
      routeOf("orders", "/orders", { exposure: ["a", "b", "c"][index] ?? "", methods }),
    ) as [Route, Route, Route];
    const rows = ["orders.a /orders/… GET|HEAD", "orders.b /orders/… POST|PUT", "orders.c /orders/… not GET|HEAD|POST|PUT"];
    expect(writtenOf([remove, write, read])).toEqual([{ rows }]);
    // Alone it takes every method, which the service's proxy refuses.
    expect(writtenOf([write])).toEqual([{ rows: ["orders.b /orders/…"] }]);
    // What is exact is another one.
    const exact = routeOf("orders", "/orders", { exposure: "d", methods: ["POST"], exact: true });
    expect(writtenOf([exact, read])).toEqual([{ rows: ["orders.d /orders", "orders.a /orders/…"] }]);
  });

  test("and none where there is no route", () => {
    expect(writtenOf([])).toEqual([]);
    expect(writtenOf([], many)).toEqual([]);
  });
});

describe("where routes name hosts", () => {
  test("a host's own come before those below a name, and these before those of all", () => {
    const all = [at("all"), at("below", "*.example.org"), at("own", "www.example.org")];
    expect(writtenOf(all, many)).toEqual([
      { hosts: ["shop.example.com", "api.example.com"], rows: ["all.page /…"] },
      { hosts: ["*.example.org"], rows: ["below.page /…"] },
      { hosts: ["www.example.org"], rows: ["own.page /…"] },
      { rows: ["all.page /…"] },
    ]);
  });

  test("what an earlier one takes as a whole is left out, and nothing else", () => {
    const own = { hosts: ["shop.example.com"] };
    const routes = [
      routeOf("own", "/api", own),
      routeOf("one", "/cart", { ...own, exact: true }),
      ...["/", "/api", "/api/products", "/apis", "/cart"].map((path) => routeOf(`all${path.replaceAll("/", "-")}`, path)),
      routeOf("exact-cart", "/cart", { exact: true }),
      routeOf("exact-api", "/api", { exact: true }),
    ];
    const [table] = writtenOf(routes, oneHost);
    expect(table).toEqual({
      hosts: ["shop.example.com"],
      rows: ["all-apis.page /apis/…", "one.page /cart", "all-cart.page /cart/…", "own.page /api/…", "all-.page /…"],
    });
  });

  test("methods tell apart what is of one rank alone", () => {
    const methods = (exposure: string, ...methods: string[]) => ({ exposure, methods });
    const routes = [
      routeOf("own", "/a", { ...methods("read", "GET"), hosts: ["shop.example.com"] }),
      routeOf("own", "/a", { ...methods("write", "POST"), hosts: ["shop.example.com", "api.example.com"] }),
      routeOf("all", "/a", methods("drop", "DELETE")),
    ];
    expect(writtenOf(routes, many)).toEqual([
      { hosts: ["shop.example.com"], rows: ["own.read /a/… GET", "own.write /a/… not GET"] },
      { hosts: ["api.example.com"], rows: ["own.write /a/…"] },
      { hosts: ["*.example.org"], rows: ["all.drop /a/…"] },
      { rows: ["all.drop /a/…"] },
    ]);
  });

  test("other hosts are served in plain HTTP or not at all, and a host without a route has no table", () => {
    const own = at("own", "api.example.com");
    expect(writtenOf([own], many)).toEqual([{ hosts: ["api.example.com"], rows: ["own.page /…"] }]);
    const both = [own, at("all")];
    expect(writtenOf(both, many).filter(({ hosts }) => !hosts)).toHaveLength(1);
    expect(writtenOf(both, { ...many, plaintext: false }).filter(({ hosts }) => !hosts)).toEqual([]);
  });

  test("hosts whose rows are the same share a table, and services of one name in two namespaces are not the same", () => {
    const own = at("own", "shop.example.com", "api.example.com");
    expect(writtenOf([own], many).map(({ hosts }) => hosts)).toEqual([["shop.example.com", "api.example.com"]]);
    const other = { ...at("own", "api.example.com"), delegate: delegateOf("own", { name: "page", isFirst: false }, "other") };
    const elsewhere: Route = { ...other, service: { ...other.service, namespace: "other" } };
    const tables = tablesOf([at("own", "shop.example.com"), elsewhere], many);
    expect(tables.map(({ hosts, rows }) => [hosts, rows.map(({ route }) => route.service.namespace)])).toEqual([
      [["shop.example.com"], ["shop"]],
      [["api.example.com"], ["other"]],
    ]);
  });
});

test.each<[one: string, other: string, takes: boolean]>([
  ["/…", "/a", true],
  ["/…", "/a/…", true],
  ["/a/…", "/a/…", true],
  ["/a/…", "/a", true],
  ["/a/…", "/a/b", true],
  ["/a/…", "/ab", false],
  ["/a/…", "/…", false],
  ["/a", "/a", true],
  ["/a", "/a/…", false],
  ["/a", "/a/b", false],
])("%s takes all of %s: %j", (one, other, takes) => {
  const row = (text: string) => ({ path: text.replace(/\/…$/, ""), exact: !text.endsWith("/…") });
  expect(takesAll(row(one), row(other))).toBe(takes);
});

test("what goes to other rows below one: what is longer and what is exact, and none of its own path", () => {
  const routes = [
    routeOf("root", "/"),
    routeOf("api", "/api", { exposure: "read", methods: ["GET"] }),
    routeOf("api", "/api", { exposure: "write", methods: ["POST"] }),
    routeOf("one", "/api", { exact: true }),
    routeOf("products", "/api/products"),
    routeOf("alike", "/apis"),
  ];
  const [table] = tablesOf(routes, oneHost);
  const below = (name: string) => {
    const row = table?.rows.find((one) => one.name === name);
    return table && row && within(row, table).map((one) => one.name);
  };
  expect(below("root.page")).toEqual(["products.page", "alike.page", "one.page", "api.read", "api.write"]);
  expect(below("api.read")).toEqual(["products.page", "one.page"]);
  expect(below("one.page")).toEqual([]);
  expect(below("products.page")).toEqual([]);
});

describe("for any routes, hosts, paths and methods", () => {
  const methodsAsked = ["GET", "HEAD", "POST", "DELETE"];
  const certified = ["shop.example.com", "api.example.com", "*.example.org", "www.example.org"];
  const named = [...certified, "a.example.org"];
  const paths = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/a.b", "/b", "/v1", "/v2/a"];
  const hostsAsked = [...named.map((host) => host.replace("*", "any")), "10.0.0.1", "localhost"];
  const pathsAsked = [...paths, "/a/x", "/a/b/x", "/a/b/c/d", "/axb", "/abc", "/c", "/v1/a", "/v3"];

  /** Routes as they pass the checks: nobody has what another one has already. */
  const routes = fc
    .array(
      fc.record({
        namespace: fc.constantFrom("one", "other"),
        service: fc.constantFrom("s", "t"),
        // Often the same, so that methods and hosts have something to tell.
        path: fc.constantFrom(...paths, "/a", "/a", "/a", "/"),
        exact: fc.boolean(),
        hosts: fc.option(fc.subarray(named, { minLength: 1 }), { nil: undefined }),
        methods: fc.option(fc.subarray(methodsAsked, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 5 }),
        versioned: fc.option(fc.constantFrom("/{version}", "/{version}/a"), { nil: undefined, freq: 2 }),
      }),
      { minLength: 1, maxLength: 7 },
    )
    .map((drawn) => {
      const taken: Route[] = [];
      for (const [index, { namespace, service, hosts, methods, versioned, exact, path }] of drawn.entries()) {
        // Of a name that others may have elsewhere.
        const exposure = `e${index % 3}`;
        const route: Route = {
          ...routeOf(service, path, {
            ...{ exposure, exact, versions: ["v1", "v2"] },
            ...(hosts && { hosts }),
            ...(methods && { methods }),
            ...(versioned !== undefined && { versioned }),
          }),
          service: { name: service, namespace, port: 80, protocol: methods ? "http" : "grpc" },
          delegate: delegateOf(service, { name: exposure, isFirst: false }, namespace),
        };
        const isNew = ({ delegate }: Route) => delegate.name !== route.delegate.name || delegate.namespace !== namespace;
        const own = routeRows(route).map(({ path }) => path);
        if (new Set(own).size === own.length && taken.every((other) => isNew(other) && !clash(route, other))) taken.push(route);
      }
      return taken;
    });
  const served = fc.record({
    hosts: fc.constant(certified),
    plaintext: fc.boolean(),
  });

  function clash(one: Route, other: Route): boolean {
    const sameHosts =
      one.hosts && other.hosts ? one.hosts.some((host) => other.hosts?.includes(host)) : one.hosts === other.hosts;
    const sameMethods = !one.methods || !other.methods || one.methods.some((method) => other.methods?.includes(method) ?? false);
    const rows = routeRows(other);
    const sameRow = (row: Row) => rows.some(({ path, exact }) => row.path === path && row.exact === exact);
    return sameHosts && sameMethods && routeRows(one).some(sameRow);
  }

  /** Whose a request is by what is documented: the most particular hosts, then the exact path, then the longest, then the method. */
  function owner(routes: readonly Route[], tls: GatewayTls, host: string, path: string, method: string): Route | undefined {
    const isServed = tls.hosts.some((one) => covers(one, host));
    const ranks = [
      routes.filter(({ hosts = [] }) => hosts.includes(host)),
      routes.filter(({ hosts = [] }) => !hosts.includes(host) && hosts.some((one) => isBelow(one) && covers(one, host))),
      isServed || tls.plaintext || routes.every(({ hosts }) => !hosts) ? routes.filter(({ hosts }) => !hosts) : [],
    ];
    for (const rank of ranks) {
      const offers = rank.flatMap((route) => {
        const { versioned, versions, exact = false } = route;
        const own = [route.path, ...(versioned === undefined ? [] : versions.map((one) => versioned.replace("{version}", one)))];
        const fits = (one: string) => path === one || (!exact && path.startsWith(one === "/" ? one : `${one}/`));
        return own.filter(fits).map((one) => ({ route, exact, length: one === "/" ? 0 : one.length }));
      });
      const fullName = ({ route: { delegate } }: (typeof offers)[number]) => `${delegate.namespace}/${delegate.name}`;
      const [best] = offers.toSorted((a, b) => Number(b.exact) - Number(a.exact) || b.length - a.length);
      if (!best) continue;
      const alike = offers
        .filter(({ exact, length }) => exact === best.exact && length === best.length)
        .toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
      return (alike.find(({ route }) => route.methods?.includes(method)) ?? alike.at(-1))?.route;
    }
    return undefined;
  }

  /** Whose it is by the tables: the host's own, or the one of all below a name, or that of all; there the first row that fits. */
  function found(tables: readonly Table[], host: string, path: string, method: string): Row | undefined {
    const table =
      tables.find(({ hosts }) => hosts?.includes(host)) ??
      tables.find(({ hosts }) => hosts?.some((one) => covers(one, host))) ??
      tables.find(({ hosts }) => !hosts);
    return table?.rows.find(
      ({ methods, exact, ...row }) =>
        (methods?.includes(method) ?? true) && (path === row.path || (!exact && path.startsWith(`${row.path}/`))),
    );
  }

  const asked = hostsAsked.flatMap((host) =>
    pathsAsked.flatMap((path) => methodsAsked.map((method) => ({ host, path, method }))),
  );
  const name = (route: Route | undefined) => route && `${route.delegate.namespace}/${route.delegate.name}`;

  test("the tables give each request to the route that the documentation names", () => {
    const seen = { owned: 0, nobody: 0, byMethod: 0, byHost: 0 };
    fc.assert(
      fc.property(routes, served, (routes, tls) => {
        const tables = tablesOf(routes, tls);
        const wrong = asked.flatMap(({ host, path, method }) => {
          const [expected, row] = [owner(routes, tls, host, path, method), found(tables, host, path, method)];
          seen[expected ? "owned" : "nobody"]++;
          if (row?.methods ?? row?.otherMethods) seen.byMethod++;
          if (expected?.hosts) seen.byHost++;
          return name(row?.route) === name(expected)
            ? []
            : [{ host, path, method, expected: name(expected), given: name(row?.route) }];
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 200 },
    );
    for (const [kind, times] of Object.entries(seen)) expect([kind, times > 100]).toEqual([kind, true]);
  });

  test("each request is in a region of the route that has it, and none is in two", () => {
    const expression = (regex: string) => new RegExp(`^(?:${regex.replace("(?i:", "(?:")})$`, regex.includes("(?i:") ? "i" : "");
    fc.assert(
      fc.property(
        routes,
        served,
        fc.constantFrom("", ":8443"),
        fc.constantFrom("", "?x=/a/b", "?"),
        (routes, tls, port, query) => {
          const tables = tablesOf(routes, tls);
          const regions = routes.flatMap((route) =>
            regionsOf(route, tables).map((region) => ({ route, matchers: region.map(matcher) })),
          );
          const wrong = asked.flatMap(({ host, path, method }) => {
            const headers = { ":authority": `${host.toUpperCase()}${port}`, ":path": `${path}${query}`, ":method": method };
            const [expected, inside] = [
              found(tables, host, path, method),
              regions.filter(({ matchers }) => matchers.every((matches) => matches(headers))),
            ];
            const names = inside.map(({ route }) => name(route));
            // What is nobody's is answered with 404 whatever region it is in.
            const fits = expected ? String(names) === name(expected.route) : names.length <= 1;
            return fits ? [] : [{ ...headers, names, expected: name(expected?.route) }];
          });
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );

    function matcher({ name, string_match, invert_match }: HeaderMatcher) {
      const regex = expression(string_match.safe_regex.regex);
      return (headers: Readonly<Record<string, string>>) => regex.test(headers[name] ?? "") === !invert_match;
    }
  });
});
