import { isMapping } from "../../lib/values.ts";

type Json = Readonly<Record<string, unknown>>;

/** Who wrote which fields of an object, as the API server keeps it. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/**
 * Whether a manager still owns a place in an object. Whoever changes a field takes it from those who had it, so a place that its
 * manager owns is as that manager wrote it, in whichever spelling.
 *
 * @param path - keys, and elements of the live list in place of an index.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export function owns(fields: unknown, path: readonly (string | Json)[]): boolean {
  const [step, ...rest] = path;
  if (!isMapping(fields)) return false;
  // A leaf, or a list or mapping that is owned as a whole.
  if (step === undefined || Object.keys(fields).length === 0) return true;
  if (typeof step === "string") return `f:${step}` in fields && owns(fields[`f:${step}`], rest);
  const key = Object.keys(fields).find((name) => name.startsWith("k:") && isKeyOf(name.slice(2), step));
  return key !== undefined && owns(fields[key], rest);
}

function isKeyOf(text: string, element: Json): boolean {
  const key = JSON.parse(text) as Json;
  return Object.entries(key).every(([name, value]) => element[name] === value);
}
