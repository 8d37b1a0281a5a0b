import type { ApplicationDeclaration, WorkloadKind } from "./application.ts";
import type { AppSettings } from "./checks/problems.ts";
import { mirrored, redirected } from "./image.ts";

/*
 * What a stack's file says of applications under `mesh:apps`, on top of their declarations: mappings merge, lists replace, null removes.
 */

/** The options that a stack may set. Names, ports and calls are the same in each: a stack does not alter who may call whom. */
const overridable: Readonly<Record<WorkloadKind, readonly string[]>> = {
  services: ["image", "resources", "env", "replicas", "versions", "canary", "resilience", "exposed"],
  databases: ["image", "storage"],
  loadGenerators: ["image", "qps"],
};
const overridableOfExposed = ["gateways", "methods", "policies"];

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
  const problems = Object.entries(settings).flatMap(([namespace, workloads]) => {
    const application = declared.find((one) => one.namespace === namespace);
    if (application) return unknownOptions(application, workloads);
    return [`mesh:apps.${namespace} is not an application; allowed: ${declared.map((one) => one.namespace).join(", ")}`];
  });
  const applications = declared.map((application) => {
    const own = settings[application.namespace] ?? {};
    const of = (kind: WorkloadKind) =>
      isOptions(application[kind]) && { [kind]: overriddenKind(kind, application[kind], own, registry) };
    return { ...application, ...of("services"), ...of("databases"), ...of("loadGenerators") } as ApplicationDeclaration;
  });
  return { applications, problems };
}

function unknownOptions(application: ApplicationDeclaration, settings: Readonly<Record<string, Options>>): string[] {
  const { namespace } = application;
  const kinds = Object.keys(overridable) as WorkloadKind[];
  return Object.entries(settings).flatMap(([name, options]) => {
    const place = `mesh:apps.${namespace}.${name}`;
    const kind = kinds.find((one) => isOptions(application[one]) && Object.hasOwn(application[one], name));
    if (!kind) {
      const names = kinds.flatMap((one) => Object.keys(application[one] ?? {}));
      return [`${place} is not declared; allowed: ${names.join(", ")}`];
    }
    const unknown = (given: Options, allowed: readonly string[], at: string) =>
      Object.keys(given).flatMap((key) =>
        allowed.includes(key) ? [] : [`${at}.${key} is not a setting; allowed: ${allowed.join(", ")}`],
      );
    const { exposed } = options;
    if (exposed === undefined || kind !== "services") return unknown(options, overridable[kind], place);
    const declared = (application[kind] as Readonly<Record<string, Options>>)[name]?.exposed;
    const ofExposed = !declared
      ? [`${place}.exposed is not a setting of this service: apps/ does not expose it`]
      : isOptions(exposed)
        ? unknown(exposed, overridableOfExposed, `${place}.exposed`)
        : [];
    return [...unknown(options, overridable[kind], place), ...ofExposed];
  });
}

function overriddenKind(
  kind: WorkloadKind,
  declared: Options,
  settings: Readonly<Record<string, Options>>,
  registry: string | undefined,
): Options {
  return Object.fromEntries(
    Object.entries(declared).map(([name, options]) => {
      const own = Object.hasOwn(settings, name) ? (settings[name] ?? {}) : {};
      return [name, isOptions(options) ? overridden(options, knownOptions(kind, options, own), registry) : options];
    }),
  );
}

/** The settings that are of something: what would follow from the others is not told. */
function knownOptions(kind: WorkloadKind, declared: Options, settings: Options): Options {
  const { exposed, ...rest } = only(settings, overridable[kind]);
  if (exposed === undefined || !declared.exposed) return rest;
  return { ...rest, exposed: isOptions(exposed) ? only(exposed, overridableOfExposed) : exposed };
}

function only(options: Options, keys: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([key]) => keys.includes(key)));
}

function overridden(declared: Options, settings: Options, registry: string | undefined): Options {
  const { image: declaredImage, ...others } = declared;
  const { image: override, ...rest } = settings;
  const image = imageOf(declaredImage, override, registry);
  return { ...(merged(others, rest) as Options), ...(image !== undefined && { image }) };
}

/** An image that is declared or that the stack names. The registry for all is where the stack names none. */
function imageOf(declared: unknown, override: unknown, registry: string | undefined): unknown {
  if (override === null) return undefined;
  if (override !== undefined && !isOptions(override)) return override;
  if (!isOptions(declared) && override === undefined) return declared;
  const base = isOptions(declared) ? declared : {};
  const removed = Object.entries(override ?? {}).flatMap(([key, value]) => (value === null ? [key] : []));
  const kept = Object.fromEntries(Object.entries(base).filter(([key]) => !removed.includes(key)));
  const given = merged({}, override ?? {}) as Options;
  const image: Options = redirected(kept, given);
  // A program of this repository is in no registry.
  const isProgram = image.source !== undefined && [image.repository, image.tag, image.digest].every((part) => part === undefined);
  return isProgram || given.registry !== undefined ? image : mirrored(image, registry);
}

/** A mapping or value with another one merged into it. */
function merged(base: unknown, over: unknown): unknown {
  if (!isOptions(over)) return over;
  const result: Record<string, unknown> = isOptions(base) ? { ...base } : {};
  // Pulumi sorts keys; whoever reads the file does not.
  for (const key of Object.keys(over).sort()) {
    if (over[key] === null) delete result[key];
    else result[key] = merged(result[key], over[key]);
  }
  return result;
}

function isOptions(value: unknown): value is Options {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
