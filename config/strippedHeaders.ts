import { isCallerHeader } from "../components/gateway/callerHeaders.ts";
import type { Conflict } from "./problems.ts";
import type { Sections } from "./sections.ts";

/** Headers that a setting waits for and every gateway strips: whoever sends one would be treated as if they had not. */
export function* strippedHeaders({ edge, kong, product, shop }: Partial<Sections>): Iterable<Conflict> {
  if (!edge) return;
  const allowed = "a header that gateways do not strip: none of mesh:edge.stripHeaders, nor of the list in docs/expose.md";
  for (const { path, header } of [
    ...(kong ? [{ path: ["kong", "correlationId", "header"], header: kong.correlationId.header }] : []),
    ...(product ? headersOf(["product"], product) : []),
    ...(shop ? headersOf(["shop", "frontend"], shop.frontend) : []),
    ...(shop ? headersOf(["shop", "backend"], shop.backend) : []),
  ]) {
    if (isCallerHeader(header, edge.stripHeaders)) yield { path, allowed, given: header };
  }
}

/** The headers that gateways or a service's rules read of its requests. */
function headersOf(at: readonly string[], { canary, policies: { apiKeys, cors } }: Sections["product"]) {
  return [
    { path: [...at, "canary", "header"], header: canary.header },
    ...(apiKeys?.header ? [{ path: [...at, "policies", "apiKeys", "header"], header: apiKeys.header }] : []),
    ...(cors?.headers ?? []).map((header, index) => ({ path: [...at, "policies", "cors", "headers", index], header })),
  ];
}
