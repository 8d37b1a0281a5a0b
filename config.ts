import { kubeconfigRule, region, sealed } from "./config/clusters.ts";
import { conflicts, defaultIssuer } from "./config/crossSection.ts";
import { describe, describeConflict, namespace } from "./config/problems.ts";
import { type Sections, sections } from "./config/sections.ts";
import { isMapping } from "./lib/values.ts";
import type { Tls } from "./model/gatewaySettings.ts";

/*
 * The whole configuration of a stack. All problems of a file are told at once, each with its key, what was given and what is allowed,
 * before anything is registered. `config/sections.ts` has every section; `mesh:apps` is judged with the applications, in `plan.ts`.
 */

export { RefusedError } from "./config/problems.ts";

/** The configuration of a stack, defaults filled in. */
export type Config = KindConfig | EksConfig | ExistingConfig;

export interface KindConfig extends Common {
  readonly target: "kind";
  readonly cluster: Sections["cluster"];
}

export interface EksConfig extends Common {
  readonly target: "eks";
  readonly eks: NonNullable<Sections["eks"]> & { readonly region: string };
}

export interface ExistingConfig extends Common {
  readonly target: "existing";
  readonly existing: NonNullable<Sections["existing"]>;
}

interface Common extends Omit<Sections, "target" | "cluster" | "eks" | "existing" | "tls"> {
  readonly tls: Tls;
}

/** What a stack's file comes to: a configuration, what is wrong with it, and the sections that are right by themselves. */
export interface ReadConfig {
  /** Undefined where a section cannot be read. */
  readonly config: Config | undefined;
  readonly sound: Partial<Sections>;
  /** One sentence for each problem. */
  readonly problems: readonly string[];
}

/**
 * Reads a stack's configuration.
 *
 * @param entries - full keys and values as Pulumi gives them: a structured value is JSON.
 * @param from - Pulumi opens secrets; who reads the file itself has a word in their place.
 * @param moved - where settings of earlier versions are now, by their keys.
 */
export function readConfig(
  entries: Readonly<Record<string, string>>,
  from: "pulumi" | "file" = "pulumi",
  moved: Readonly<Record<string, string>> = {},
): ReadConfig {
  const all = Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) =>
      key.startsWith(namespace) ? [[key.slice(namespace.length), structured(value)]] : [],
    ),
  );
  const { given, problems: ofMoved } = withoutMoved(all, { ...renamed, ...moved });
  // Where the platform runs has no default, except on a machine of one's own.
  const target = given.target === "eks" || given.target === "existing" ? { [given.target]: given[given.target] ?? {} } : {};
  const result = sections.safeParse({ ...given, ...target }, { reportInput: true });
  const issues = result.error?.issues.flatMap((issue) => describe(issue, given)) ?? [];
  const sound = result.data ?? soundSections(given);
  const problems = [
    ...ofMoved,
    ...issues,
    ...conflicts(sound, given).map((conflict) => describeConflict(conflict, given)),
    ...regionProblem(sound, entries),
    ...(from === "file" ? [...openSecrets(given), ...sealedOptions(given)] : []),
  ];
  const config = result.success ? complete(result.data, entries["aws:region"] ?? "") : undefined;
  return { config, sound, problems };
}

/** Settings of the platform itself that have another name now. */
const renamed = { "mesh:istio.beside": "mesh:istio.additionalRevisions" };

function withoutMoved(given: Readonly<Record<string, unknown>>, moved: Readonly<Record<string, string>>) {
  const kept: Record<string, unknown> = { ...given };
  const problems = Object.entries(moved).flatMap(([key, place]) => {
    const [section = "", option] = key.slice(namespace.length).split(".");
    const options = kept[section];
    if (options === undefined) return [];
    if (option === undefined) delete kept[section];
    else if (typeof options === "object" && options !== null && option in options) {
      const { [option]: _moved, ...rest } = options as Record<string, unknown>;
      kept[section] = rest;
    } else return [];
    return [`${key} has moved; it is now ${place}`];
  });
  return { given: kept, problems };
}

/** The sections that are right by themselves. */
function soundSections(given: Readonly<Record<string, unknown>>): Partial<Sections> {
  const found = Object.entries(sections.shape).flatMap(([name, rule]) => {
    const { success, data } = rule.safeParse(given[name]);
    return success && data !== undefined ? [[name, data]] : [];
  });
  return Object.fromEntries(found) as Partial<Sections>;
}

function regionProblem({ target }: Partial<Sections>, { "aws:region": given }: Readonly<Record<string, string>>): string[] {
  const { success, error } = region.safeParse(given);
  if (target !== "eks" || success) return [];
  return [
    `aws:region is ${given === undefined ? "not given" : JSON.stringify(given)}; allowed: ${error.issues[0]?.message}, with target eks`,
  ];
}

/** What is no secret any more when it lies open in a file that is committed. */
function openSecrets({ existing, secrets }: Readonly<Record<string, unknown>>): string[] {
  const { kubeconfig } = (existing ?? {}) as { readonly kubeconfig?: unknown };
  const open = isMapping(secrets) ? Object.entries(secrets).filter(([, value]) => value !== sealed) : [];
  return [
    ...(kubeconfig === undefined || kubeconfig === sealed
      ? []
      : [`mesh:existing.kubeconfig is not encrypted; allowed: ${kubeconfigRule}`]),
    ...open.map(([name]) => {
      const command = `pulumi config set --secret --path mesh:secrets.${name}`;
      return `mesh:secrets.${name} is not encrypted; allowed: a value set with ${command}`;
    }),
  ];
}

/** What a stack says of an application is plain text in the cluster and in Pulumi's state. */
export const openOptions =
  "mesh:apps holds an encrypted value, which would be plain text in the cluster; allowed: env with setting, the name of one under mesh:secrets";

function sealedOptions({ apps }: Readonly<Record<string, unknown>>): string[] {
  return JSON.stringify(apps ?? {}).includes(JSON.stringify(sealed)) ? [openOptions] : [];
}

/** Fills in the defaults that depend on another section. */
function complete({ target, cluster, eks, existing, tls, ...rest }: Sections, region: string): Config {
  const { hosts = ["shop.example.com"], issuer = defaultIssuer(rest.sources) } = tls;
  const common = { ...rest, tls: { ...tls, hosts, issuer, plaintext: tls.plaintext ?? target === "kind" } };
  if (target === "eks" && eks) return { ...common, target, eks: { ...eks, region } };
  if (target === "existing" && existing) return { ...common, target, existing };
  return { ...common, target: "kind", cluster };
}

/** A mapping or a list comes as JSON; anything else is the text itself. */
function structured(value: string): unknown {
  if (!/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
