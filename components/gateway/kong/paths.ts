import { literally } from "../../../lib/patterns.ts";
import type { Row } from "../../../model/routeTable.ts";

/** A path as an Ingress has it. */
export interface IngressPath {
  readonly path: string;
  readonly pathType: "Prefix" | "ImplementationSpecific";
}

/**
 * The paths of a row. A prefix in an Ingress means whole parts of a path: /api/products does not take /api/products-of-others. The
 * longest one that fits decides, after those that are exact.
 *
 * @param beside - the rows of the same hosts.
 */
export function pathsOf(
  { path, exact }: Pick<Row, "path" | "exact">,
  beside: readonly Pick<Row, "path" | "exact">[],
): IngressPath[] {
  if (exact) return [itself(path)];
  const below: IngressPath = { path: `${path}/`, pathType: "ImplementationSpecific" };
  // Kong would choose between two that say the same.
  if (beside.some((other) => other.exact && other.path === path)) return [below];
  if (!path.includes(".")) return [{ path: path || "/", pathType: "Prefix" }];
  // The controller makes a prefix into what is below it and a regular expression for itself, in which a dot is any letter.
  return [below, itself(path)];
}

const itself = (path: string): IngressPath => ({ path: `/~${literally(path)}$`, pathType: "ImplementationSpecific" });
