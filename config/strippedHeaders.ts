import { headersRead, isCallerHeader, notStripped } from "../model/callerHeaders.ts";
import type { Conflict } from "./problems.ts";
import type { Sections } from "./sections.ts";

/** Headers that a setting waits for and every gateway strips: whoever sends one would be treated as if they had not. */
export function* strippedHeaders({ edge, kong, product, shop }: Partial<Sections>): Iterable<Conflict> {
  if (!edge) return;
  for (const { path, header } of [
    ...(kong ? [{ path: ["kong", "correlationId", "header"], header: kong.correlationId.header }] : []),
    ...(product ? headersOf(["product"], product) : []),
    ...(shop ? headersOf(["shop", "frontend"], shop.frontend) : []),
    ...(shop ? headersOf(["shop", "backend"], shop.backend) : []),
  ]) {
    if (isCallerHeader(header, edge.stripHeaders)) yield { path, allowed: notStripped, given: header };
  }
}

function headersOf(at: readonly string[], { canary, policies }: Sections["product"]) {
  return headersRead(canary, policies).map(({ option, header }) => ({ path: [...at, ...option], header }));
}
