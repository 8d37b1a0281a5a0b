import type { z } from "zod";
import { dotted, valueAt } from "../../lib/values.ts";
import type { Workload } from "../callGraph.ts";
import { type Account, nameOf } from "../names.ts";

/** What is wrong with a declaration, with its place and what is allowed there. */
export interface Problem {
  readonly namespace: string;
  /** The workload. @default the application itself */
  readonly name?: string;
  /** The key, below the workload or the application. */
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
  /** What is there, where the declaration does not say. */
  readonly given?: unknown;
  /** Whether the key itself is not known. */
  readonly unknownKey?: boolean;
}

/** A workload that is declared. */
export interface Known extends Workload {
  /** Whether its declaration is wrong, so that its ports are not known: what would follow from them is not told. @default false */
  readonly unread?: boolean;
}

/** Collects what is wrong with applications. */
export class Problems {
  readonly found: Problem[] = [];

  refuse({ namespace, name }: Account, path: readonly PropertyKey[], allowed: string, given?: unknown): void {
    this.found.push({ namespace, name, path, allowed, given });
  }
}

/** The problems that a schema found, below a place. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], namespace: string, name?: string): Problem[] {
  const place = { namespace, ...(name !== undefined && { name }) };
  return issues.flatMap((issue): Problem[] => {
    const { path, message: allowed } = issue;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ ...place, path: [...path, key], allowed, unknownKey: true }));
    }
    if (issue.code === "invalid_key") return [{ ...place, path, allowed: issue.issues[0]?.message ?? allowed, unknownKey: true }];
    return [{ ...place, path, allowed, given: issue.code === "custom" ? issue.params?.given : undefined }];
  });
}

/** What a stack's file says under `mesh:apps`: options by namespace and name. */
export type AppSettings = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/**
 * A problem as a sentence. It names the setting of the stack's file where that says something of the option, and the declaration in
 * `apps/` elsewhere.
 *
 * @param declared - the workload or application as it is after the stack's file.
 */
export function describeProblem(problem: Problem, declared: unknown, settings: AppSettings): string {
  const { namespace, name, path, allowed, unknownKey } = problem;
  const own = name === undefined ? undefined : settings[namespace]?.[name];
  const [option] = path;
  // Of some options a stack sets parts, and apps/ says the rest.
  const depths: Readonly<Record<PropertyKey, number>> = { exposed: 3, egress: 3 };
  const isSet = own !== undefined && option !== undefined && valueAt(own, path.slice(0, depths[option] ?? 1)) !== undefined;
  const place = isSet ? `mesh:apps.${namespace}.${name}.${dotted(path)}` : inDeclaration(problem);
  if (unknownKey) return `${place} is not a key; allowed: ${allowed}`;
  return `${place} is ${shown(path, valueAt(declared, path) ?? problem.given)}; allowed: ${allowed}`;
}

function inDeclaration({ namespace, name, path }: Problem): string {
  const owner = name === undefined ? `namespace ${namespace}` : nameOf({ namespace, name });
  return `apps: ${owner} ${dotted(path)}`.trimEnd();
}

/** A value as it is told of, up to a length: a file that was pasted into the wrong place need not be read again. */
export function shortened(value: unknown, most = 120): string {
  const json = JSON.stringify(value, (key, inner) => (["jwt", "env"].includes(key) ? "refused" : inner));
  if (json === undefined) return "not given";
  return json.length > most ? `${json.slice(0, most)}…` : json;
}

/** Keys may have come with their private half, and variables with a password. */
function shown(path: readonly PropertyKey[], value: unknown): string {
  const hidden = path.includes("keys") || path.includes("env") || (path.at(-1) === "jwt" && typeof value === "object");
  return hidden ? "refused" : shortened(value);
}
