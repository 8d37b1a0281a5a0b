import { isMapping } from "../lib/values.ts";
import { type ApplicationDeclaration, type WorkloadKind, workloadKinds } from "./application.ts";
import type { AppSettings } from "./checks/problems.ts";
import { mirrored, redirected } from "./image.ts";

/*
 * What a stack's file says of applications under `mesh:apps`, on top of their declarations: mappings merge, lists replace, null removes.
 */

/** Options that may be set: as a whole, or some of their own; `*` stands for each name of a mapping. */
interface Overridable {
  readonly [option: string]: true | Overridable;
}

const imageParts: Overridable = { registry: true, repository: true, tag: true, digest: true };

/** Where what is outside is in this stack; what is spoken with it is the same in each. */
const egress: Overridable = { "*": { hosts: true, addresses: true } };

/** The options that a stack may set. Names, ports and calls are the same in each: a stack does not alter who may call whom. */
const overridable: Readonly<Record<WorkloadKind, Overridable>> = {
  services: {
    image: imageParts,
    ...{ resources: true, env: true, replicas: true, versions: true, canary: true, resilience: true, rules: true, storage: true },
    egress,
    exposed: { "*": { hosts: true, gateways: true, methods: true, policies: true } },
  },
  workers: { image: imageParts, resources: true, env: true, replicas: true, egress },
  jobs: {
    ...{ image: imageParts, egress },
    ...{ resources: true, env: true, schedule: true, timeZone: true, retries: true, timeout: true },
  },
  databases: { image: true, storage: true },
  loadGenerators: { image: true, qps: true },
};

type Options = Readonly<Record<string, unknown>>;

export interface Overridden {
  readonly applications: readonly ApplicationDeclaration[];
  /** One sentence for each setting that is of nothing. */
  readonly problems: readonly string[];
}

/**
 * The declarations with a stack's settings.
 *
 * @param registry - the registry of all images that the settings do not place elsewhere. @default each image's own
 */
export function withOverrides(
  declared: readonly ApplicationDeclaration[],
  settings: AppSettings,
  registry: string | undefined,
): Overridden {
  const namespaces = declared.map(({ namespace }) => namespace);
  const unknown = Object.keys(settings).filter((namespace) => !namespaces.includes(namespace));
  const problems = unknown.map(
    (namespace) => `mesh:apps.${namespace} is not the namespace of an application; allowed: ${namespaces.join(", ")}`,
  );
  const applications = declared.map((application) => {
    const { namespace } = application;
    const own = Object.hasOwn(settings, namespace) ? (settings[namespace] ?? {}) : {};
    const names = workloadKinds.flatMap((kind) => Object.keys(application[kind] ?? {}));
    for (const name of Object.keys(own).filter((name) => !names.includes(name)))
      problems.push(`mesh:apps.${namespace}.${name} is not declared; allowed: ${names.join(", ")}`);
    const overrideKind = (kind: WorkloadKind) => {
      const members = application[kind];
      if (!isMapping(members)) return {};
      const changed = Object.entries(members).map(([name, options]) => {
        if (!isMapping(options)) return [name, options];
        const given = Object.hasOwn(own, name) ? (own[name] ?? {}) : {};
        const known = knownOptions(given, overridable[kind], options, `mesh:apps.${namespace}.${name}`, problems);
        return [name, overridden(options, known, registry)];
      });
      return { [kind]: Object.fromEntries(changed) };
    };
    return Object.assign({ ...application }, ...workloadKinds.map(overrideKind)) as ApplicationDeclaration;
  });
  return { applications, problems };
}

/** The settings that are of something. What would follow from the others is not told. */
function knownOptions(given: Options, allowed: Overridable, declared: Options, place: string, problems: string[]): Options {
  const known = Object.entries(given).flatMap(([option, value]) => {
    const ofAny = Object.hasOwn(declared, option) ? allowed["*"] : undefined;
    const inner = Object.hasOwn(allowed, option) && option !== "*" ? allowed[option] : ofAny;
    const ownOptions = mappingAt(declared, option);
    const at = `${place}.${option}`;
    if (inner === true) return [[option, value]];
    if (inner === undefined) problems.push(`${at} is not a setting; allowed: ${namesOf(allowed, declared)}`);
    else if (declared[option] === undefined) problems.push(`${at} is not a setting here: apps/ declares nothing of it`);
    else if (!isMapping(value))
      problems.push(`${at} is ${JSON.stringify(value)}; allowed: a mapping with ${namesOf(inner, ownOptions)}`);
    else return [[option, knownOptions(value, inner, ownOptions, at, problems)]];
    return [];
  });
  return Object.fromEntries(known);
}

/** What may be set: of a mapping by names, each that is declared. */
const namesOf = (allowed: Overridable, declared: Options) => Object.keys(allowed["*"] ? declared : allowed).join(", ");

function overridden(declared: Options, given: Options, registry: string | undefined): Options {
  const result = withImage(declared, given, registry);
  // What names no registry is where its service is, which a stack may have placed elsewhere.
  const isPlaced = mappingAt(result, "image").registry !== undefined;
  const members = ["versions", "initContainers"].flatMap((kind) => {
    const all = result[kind];
    if (!isMapping(all)) return [];
    const [own, set] = [mappingAt(declared, kind), mappingAt(given, kind)];
    const changed = Object.entries(all).map(([name, member]) => {
      if (!isMapping(member)) return [name, member];
      const isBeside = isPlaced && mappingAt(member, "image").registry === undefined;
      return [name, withImage(mappingAt(own, name), mappingAt(set, name), isBeside ? undefined : registry)];
    });
    return [[kind, Object.fromEntries(changed)]];
  });
  return { ...result, ...Object.fromEntries(members) };
}

const mappingAt = (all: Options | undefined, name: string): Options => {
  const value = all && Object.hasOwn(all, name) ? all[name] : undefined;
  return isMapping(value) ? value : {};
};

/** What is declared with what is set merged into it; of an image, its parts belong together. */
function withImage(declared: Options, { image: override, ...settings }: Options, registry: string | undefined): Options {
  const { image: own, ...others } = declared;
  const image = override === null ? undefined : imageOf(own, override, registry);
  return { ...(merged(others, settings) as Options), ...(image !== undefined && { image }) };
}

/** An image that is declared or that the stack names. The registry for all is where the stack names none. */
function imageOf(declared: unknown, override: unknown, registry: string | undefined): unknown {
  if (!isMapping(declared ?? {}) || !isMapping(override ?? {})) return override ?? declared;
  if (declared === undefined && override === undefined) return undefined;
  const given = (override ?? {}) as Options;
  const kept = Object.entries((declared ?? {}) as Options).filter(([part]) => given[part] !== null);
  const image: Options = redirected(Object.fromEntries(kept), merged({}, given) as Options);
  // A program of this repository is in no registry.
  const isProgram = image.source !== undefined && ![image.repository, image.tag, image.digest].some((part) => part !== undefined);
  return isProgram || typeof given.registry === "string" ? image : mirrored(image, registry);
}

/** A mapping or value with another one merged into it. */
function merged(base: unknown, over: unknown): unknown {
  if (!isMapping(over)) return over;
  const result = new Map(isMapping(base) ? Object.entries(base) : []);
  // Pulumi sorts keys; whoever reads the file does not.
  for (const key of Object.keys(over).sort()) {
    if (over[key] === null) result.delete(key);
    else result.set(key, merged(result.get(key), over[key]));
  }
  return Object.fromEntries(result);
}
