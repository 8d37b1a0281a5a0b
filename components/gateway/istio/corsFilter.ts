import type { Route } from "../../../model/route.ts";
import { extension, inFront, type Patch } from "../../support/envoyFilter.ts";

/**
 * Asks for CORS before anything that may refuse a request, so that a page is told why: Istio asks for it last. It is answered by
 * what the rule of a route says.
 */
export function corsPatches(routes: readonly Route[]): Patch[] {
  if (!routes.some(({ policies }) => policies.cors)) return [];
  // Under this name a route's own settings are found. Istio's filter stays where it is: asked again, it says the same.
  return [inFront("envoy.filters.http.cors", extension("filters.http.cors.v3.Cors"))];
}
