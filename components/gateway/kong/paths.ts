import type { Route } from "../../../model/route.ts";

/** A path as an Ingress has it. */
export interface IngressPath {
  readonly path: string;
  readonly pathType: "Prefix" | "ImplementationSpecific";
}

/** The paths of a row: its own, and one for each version. The mesh tells later which version a path is of. */
export function pathsOf({ path, versioned, versions }: Pick<Route, "path" | "versioned" | "versions">): IngressPath[] {
  const byVersion = versioned === undefined ? [] : versions.map((version) => versioned.replace("{version}", version));
  return [path, ...byVersion].flatMap(itselfAndBelow);
}

/**
 * A prefix in an Ingress means whole parts of a path: /api/products does not take /api/products-of-others. The longest one
 * that fits decides.
 */
function itselfAndBelow(path: string): IngressPath[] {
  if (!path.includes(".")) return [{ path, pathType: "Prefix" }];
  // The controller makes a prefix into what is below it and a regular expression for itself, in which a dot is any letter.
  return [
    { path: `${path}/`, pathType: "ImplementationSpecific" },
    { path: `/~${path.replaceAll(".", "\\.")}$`, pathType: "ImplementationSpecific" },
  ];
}
