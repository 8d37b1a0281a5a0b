import type { z } from "zod";
import { nameOf } from "../callGraph.ts";
import { applicationsSchema } from "../schema.ts";

export interface Shape {
  /** One sentence for each key that nobody knows, and for each value of another type. */
  readonly found: readonly string[];
  /** Whether every value has the type that further checks read it as. */
  readonly readable: boolean;
}

/** What is wrong with the shape of applications, which may come from anywhere: `make up` does not ask the compiler. */
export function shapeOf(applications: unknown): Shape {
  const issues = applicationsSchema.safeParse(applications, { reportInput: true }).error?.issues ?? [];
  return {
    found: issues.flatMap((issue) => describe(issue, applications)),
    readable: !issues.some(({ code }) => code === "invalid_type" || code === "invalid_union"),
  };
}

function describe(issue: z.core.$ZodIssue, applications: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map(
      (key) => `apps: ${placeOf([...issue.path, key], applications)} is not a key; allowed: ${issue.message}`,
    );
  }
  const given = issue.path.reduce((from, step) => (from as Record<PropertyKey, unknown> | undefined)?.[step], applications);
  // Keys may have come with their private half.
  const shown = issue.path.includes("keys")
    ? "refused"
    : given === undefined
      ? "not given"
      : `${JSON.stringify(given)}`.slice(0, 120);
  return [`apps: ${placeOf(issue.path, applications)} is ${shown}; allowed: ${issue.message}`];
}

/** A place as people say it: `prod/frontend exposed.paht` for the service of that name, and its key. */
function placeOf([application = 0, ...steps]: readonly PropertyKey[], applications: unknown): string {
  const spec = (applications as readonly Record<string, unknown>[])[Number(application)];
  const namespace = String(spec?.namespace ?? `applications[${String(application)}]`);
  const [kind = "", index, ...rest] = steps;
  const members = spec?.[String(kind)];
  if (index === undefined || !Array.isArray(members)) return `namespace ${namespace} ${written(steps)}`;
  const { name } = (members[Number(index)] ?? {}) as { readonly name?: unknown };
  const owner = typeof name === "string" ? nameOf({ namespace, name }) : `namespace ${namespace} ${written([kind, index])}`;
  return `${owner} ${written(rest)}`.trimEnd();
}

function written(steps: readonly PropertyKey[]): string {
  const text = steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return text.replace(/^\./, "");
}
