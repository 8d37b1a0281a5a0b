import { isDeepStrictEqual } from "node:util";
import { dotted, isMapping } from "../../lib/values.ts";

type Json = Readonly<Record<string, unknown>>;

/** A place in an object where the cluster has something else than what was deployed. */
export interface Difference {
  readonly path: readonly (string | number)[];
  /** What was deployed there; undefined for nothing. */
  readonly wanted: unknown;
  /** What is there now; undefined for nothing. */
  readonly found: unknown;
  /** Nobody declared it, so that applying the declaration again leaves it: it has to be taken away, or put back. */
  readonly extra: boolean;
}

export interface CompareOptions {
  /** Whether fields that are not declared count as well: for kinds whose objects no controller completes. */
  readonly closed: boolean;
}

/**
 * Compares an object as it was when it was deployed with what it is now, wherever the program declares something. Both are in the API
 * server's own spelling, so neither its defaults nor its way to write a quantity is a difference.
 *
 * @param declared - what the program says; only the places that it names are looked at, unless the kind is closed.
 */
export function differences(
  declared: unknown,
  deployed: unknown,
  live: unknown,
  options: CompareOptions,
  path: Difference["path"] = [],
): Difference[] {
  if (isDeepStrictEqual(deployed, live)) return [];
  if (isMapping(declared) && isMapping(deployed) && isMapping(live)) return mappings(declared, deployed, live, options, path);
  if (Array.isArray(declared) && Array.isArray(deployed) && Array.isArray(live))
    return lists(declared, deployed, live, options, path);
  return [{ path, wanted: deployed, found: live, extra: false }];
}

function mappings(declared: Json, deployed: Json, live: Json, options: CompareOptions, path: Difference["path"]): Difference[] {
  const known = Object.keys(declared).flatMap((key) =>
    differences(declared[key], deployed[key], live[key], options, [...path, key]),
  );
  const others = options.closed ? new Set([...Object.keys(deployed), ...Object.keys(live)]) : new Set<string>();
  const extras = [...others]
    .filter((key) => !(key in declared) && !isDeepStrictEqual(deployed[key], live[key]))
    .map((key) => ({ path: [...path, key], wanted: deployed[key], found: live[key], extra: true }));
  return [...known, ...extras];
}

/** Elements with names belong together by name, as containers and variables do; others by their place. */
function lists(
  declared: readonly unknown[],
  deployed: readonly unknown[],
  live: readonly unknown[],
  options: CompareOptions,
  path: Difference["path"],
): Difference[] {
  const named = [declared, deployed, live].every((list) => list.every((element) => nameOf(element) !== undefined));
  if (!named) {
    if (declared.length !== live.length || deployed.length !== live.length)
      return [{ path, wanted: deployed, found: live, extra: false }];
    return declared.flatMap((element, index) => differences(element, deployed[index], live[index], options, [...path, index]));
  }
  const byName = (list: readonly unknown[], name: unknown) => list.find((element) => nameOf(element) === name);
  const known = declared.flatMap((element) => {
    const name = nameOf(element);
    const index = live.findIndex((other) => nameOf(other) === name);
    const place = [...path, index < 0 ? String(name) : index];
    return differences(element, byName(deployed, name), byName(live, name), options, place);
  });
  const extras = live.flatMap((element, index) =>
    byName(deployed, nameOf(element)) === undefined
      ? [{ path: [...path, index], wanted: undefined, found: element, extra: true }]
      : [],
  );
  return [...known, ...extras];
}

function nameOf(element: unknown): unknown {
  return isMapping(element) ? element.name : undefined;
}

/** A difference in a few words: values where they are short and may be told. */
export function describeDifference({ path, wanted, found }: Difference, hidden = false): string {
  const [is, should] = [brief(found), brief(wanted)];
  const name = dotted(path);
  if (found === undefined) return `${name} is missing`;
  if (wanted === undefined) return `${name} was added`;
  return !hidden && is !== undefined && should !== undefined
    ? `${name} is ${is}, not ${should}`
    : `${name} is not what was deployed`;
}

function brief(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  const text = String(value);
  return text.length > 60 ? undefined : text;
}

/**
 * The operations of a JSON patch that take away what nobody declared. The last elements of a list go first, so that the places of the
 * others hold.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6902
 */
export function undoExtras(found: readonly Difference[]): object[] {
  const pointer = (path: Difference["path"]) =>
    path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return found
    .filter(({ extra }) => extra)
    .map(({ path, wanted, found: now }) => {
      if (wanted === undefined) return { op: "remove", path: pointer(path) };
      return { op: now === undefined ? "add" : "replace", path: pointer(path), value: wanted };
    })
    .reverse();
}
