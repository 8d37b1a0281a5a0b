import { describe, expect, test } from "vitest";
import { type IngressPath, pathsOf } from "../../../../../components/gateway/kong/paths.ts";
import type { Row } from "../../../../../model/routeTable.ts";

describe("the paths of a row", () => {
  /** As Kong's controller and Kong read them: regular expressions before prefixes, and longer prefixes before shorter ones. */
  const taker = (rows: Record<string, Pick<Row, "path" | "exact">>, path: string) => {
    const patterns = Object.entries(rows).flatMap(([name, row]) =>
      pathsOf(row, Object.values(rows))
        .flatMap(patternsOf)
        .map((pattern) => ({ name, ...pattern })),
    );
    const exact = patterns.find(({ expression }) => expression?.test(path));
    const prefixes = patterns.filter(({ prefix }) => prefix !== undefined && path.startsWith(prefix));
    const [longest] = prefixes.sort((a, b) => (b.prefix?.length ?? 0) - (a.prefix?.length ?? 0));
    return (exact ?? longest)?.name;
  };
  const patternsOf = ({ path, pathType }: IngressPath): { prefix?: string; expression?: RegExp }[] => {
    if (path.startsWith("/~")) return [{ expression: new RegExp(`^${path.slice(2)}`) }];
    if (pathType === "ImplementationSpecific" || path === "/") return [{ prefix: path }];
    return [{ prefix: `${path}/` }, { expression: new RegExp(`^${path}$`) }];
  };
  const row = (path: string, exact = false) => ({ path, exact });

  const rows = {
    frontend: row(""),
    home: row("/", true),
    backend: row("/api"),
    product: row("/api/products"),
    one: row("/api/products/1", true),
    version: row("/api/v2/products"),
    dotted: row("/api/a.b"),
    file: row("/api/a.b/c.d", true),
    parts: row("/api/a/b"),
  };

  test.each([
    ["/", "home"],
    ["/page", "frontend"],
    ["/apis", "frontend"],
    ["/api", "backend"],
    ["/api/catalog", "backend"],
    ["/api/products-of-others", "backend"],
    ["/api/products", "product"],
    ["/api/products/1", "one"],
    ["/api/products/1/", "product"],
    ["/api/products/1/parts", "product"],
    ["/api/v2/products", "version"],
    ["/api/v2/products/1", "version"],
    ["/api/v3/products", "backend"],
    ["/api/a.b", "dotted"],
    ["/api/a.b/c", "dotted"],
    ["/api/a.b/c.d", "file"],
    ["/api/a.b/cXd", "dotted"],
    ["/api/a.b/c.d/e", "dotted"],
    ["/api/a/b", "parts"],
    ["/api/aXb", "backend"],
    ["/api/a.b-of-others", "backend"],
  ])("%s is for %s", (path, name) => {
    expect(taker(rows, path)).toBe(name);
  });
});
