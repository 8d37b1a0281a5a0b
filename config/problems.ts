import type { z } from "zod";
import { UserError } from "../lib/errors.ts";
import { dotted, valueAt } from "../lib/values.ts";
import { shortened } from "../model/checks/problems.ts";
import { sealed } from "./clusters.ts";

/** Why a stack is refused. */
export class RefusedError extends UserError {
  constructor(
    stack: string,
    /** One sentence for each problem of its file and of the applications. */
    readonly problems: readonly string[],
  ) {
    const inFile = problems.length === 0 || problems.some((problem) => !problem.startsWith("apps: "));
    const what = inFile ? `Pulumi.${stack}.yaml is refused:` : "The applications are refused:";
    super([what, ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  }
}

/** The namespace of the keys in a stack's file. Keys of others (`pulumi:`, a provider's) are theirs to judge. */
export const namespace = "mesh:";

/** A setting that its own rule allows and another one does not. */
export interface Conflict {
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
  /** What holds unless the file says otherwise, where it says nothing. */
  readonly given?: unknown;
}

/** One sentence for each thing that zod found. */
export function describe(issue: z.core.$ZodIssue, given: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at([...issue.path, key])} is not a setting; allowed: ${issue.message}`);
  }
  if (issue.code === "invalid_key") return [`${at(issue.path)} is not a key; allowed: ${issue.issues[0]?.message}`];
  const unlessGiven: unknown = issue.code === "custom" ? issue.params?.given : undefined;
  return [describeConflict({ path: issue.path, allowed: issue.message, given: unlessGiven }, given)];
}

export function describeConflict({ path, allowed, given: unlessGiven }: Conflict, given: unknown): string {
  // A default that does not hold with what is given is named, although the file does not say it.
  return `${at(path)} is ${shown(path, valueAt(given, path) ?? unlessGiven)}; allowed: ${allowed}`;
}

function at(path: readonly PropertyKey[]): string {
  return `${namespace}${dotted(path)}`;
}

/** A value as it is told of. Of a section that holds a secret no value is, unless it is too short to be one. */
function shown(path: readonly PropertyKey[], value: unknown): string {
  const told = shortened(value);
  const isSecret =
    path[0] === "secrets" || (path[0] === "existing" && (path.length === 1 || path[1] === "kubeconfig" || told.endsWith("…")));
  return value !== undefined && (isSecret || value === sealed) ? "a secret" : told;
}
