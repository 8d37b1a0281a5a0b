import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImage } from "./airgap/names.ts";
import { applications as declarations, movedSettings } from "./apps/index.ts";
import { gatewayFacts, gatewayNamespaces } from "./components/gateway/facts.ts";
import { sealed } from "./config/clusters.ts";
import { availableGateways } from "./config/crossSection.ts";
import { type Config, RefusedError, readConfig } from "./config.ts";
import { projectDir } from "./lib/paths.ts";
import { isMapping } from "./lib/values.ts";
import { type ApplicationDeclaration, type DeclaredApplication, ownWorkloads, programsOf } from "./model/application.ts";
import { checkApplications } from "./model/checks/check.ts";
import { type Files, mostText } from "./model/container.ts";
import type { GatewayName } from "./model/gateway.ts";
import { sourceOf } from "./model/image.ts";
import { withOverrides } from "./model/overrides.ts";
import { endOf } from "./model/requestRules.ts";
import { imagesToLoad } from "./stacks/images.ts";

/** A stack as data: its configuration, and the applications that it deploys. */
export interface Plan {
  readonly config: Config;
  readonly applications: readonly DeclaredApplication[];
  /** The gateways that run. */
  readonly gateways: readonly GatewayName[];
  /** What whoever deploys this should know of it, one sentence each. */
  readonly notices: readonly string[];
}

/** A plan, as far as there is one, and everything that is wrong with it. */
export interface ReadPlan extends Omit<Plan, "config"> {
  /** Undefined where a section of the stack's file cannot be read. */
  readonly config: Config | undefined;
  readonly problems: readonly string[];
}

/**
 * Reads a stack: its settings, and the applications with what it overrides of them. Nothing is registered.
 *
 * @param entries - the stack's settings: full keys and values as Pulumi gives them, where a structured value is JSON.
 * @param from - Pulumi opens secrets; who reads the file itself has a word in their place.
 * @param declared - the applications. @default those of apps/
 * @param now - by which it is judged whether faults have ended, in milliseconds since 1970. @default the time
 */
export function readPlan(
  entries: Readonly<Record<string, string>>,
  from: "pulumi" | "file" = "pulumi",
  declared: readonly ApplicationDeclaration[] = declarations,
  now: number = Date.now(),
): ReadPlan {
  const { config, sound, problems } = readConfig(entries, from, movedSettings);
  const { sources, gateway, charts, images, apps = {}, edge, existing, istioGateway } = sound;
  const gateways = sources && gateway && charts && images ? availableGateways({ sources, gateway, charts, images }) : [];
  const overridden = withOverrides(declared, apps, images?.registry);
  const checked = checkApplications(overridden.applications, {
    gateways: gateways.length > 0 ? gateways.map((name) => gatewayFacts[name]) : undefined,
    taken: gatewayNamespaces,
    settings: apps,
    secrets: sound.secrets && Object.keys(sound.secrets),
    callerAddresses: sound.target === "existing" ? (existing?.callerAddresses ?? "kept") : "kept",
    ...(istioGateway && { gatewaySettings: { istioGateway } }),
    tls: config?.tls,
    ...(edge && { stripHeaders: edge.stripHeaders }),
  });
  const all = [
    ...problems,
    ...overridden.problems,
    ...contentProblems(checked.applications, sound.secrets ?? {}),
    ...checked.problems,
  ];
  const { applications, notices } = withoutEndedFaults(checked.applications, now);
  return { config, applications, gateways, notices, problems: all };
}

/** Faults that have had their time are left out, which whoever still declares them is told. */
function withoutEndedFaults(applications: readonly DeclaredApplication[], now: number): Pick<Plan, "applications" | "notices"> {
  const notices: string[] = [];
  const left = applications.map((application) => ({
    ...application,
    services: application.services.map((service) => {
      const { fault, ...rules } = service.rules ?? {};
      if (!fault) return service;
      const place = `${application.namespace}/${service.name} rules.fault`;
      const isOver = endOf(fault) <= now;
      notices.push(isOver ? `${place} has ended (${fault.until}) and is left out` : `${place} is in force until ${fault.until}`);
      return isOver ? { ...service, rules: { match: [], ...rules } } : service;
    }),
  }));
  return { applications: left, notices };
}

/**
 * The plan of a stack that is to be deployed.
 *
 * @param stack - the stack's name, for the message.
 * @throws RefusedError with everything that is wrong with settings and applications.
 */
export function planStack(
  entries: Readonly<Record<string, string>>,
  stack: string,
  from?: "pulumi" | "file",
  declared?: readonly ApplicationDeclaration[],
): Plan {
  const { config, problems, ...plan } = readPlan(entries, from, declared);
  if (!config || problems.length > 0) throw new RefusedError(stack, problems);
  return { config, ...plan };
}

/** What a plan needs of files and values, which a schema does not see: one sentence for each that is not there, or not as it must be. */
function contentProblems(applications: readonly DeclaredApplication[], secrets: Readonly<Record<string, string>>): string[] {
  return applications.flatMap((application) =>
    ownWorkloads(application).flatMap((workload) => {
      const { name, container } = workload;
      const sources = new Set(programsOf(workload).flatMap(({ image }) => sourceOf(image) ?? []));
      const judged: Judged[] = [
        ...[...sources].map((source): Judged => ["image.source", `"${source}"`, fileProblem(source)]),
        ...fileProblems(container.files),
        ...container.pullSecrets.flatMap((login): Judged[] =>
          typeof login === "string" ? [] : [["container.pullSecrets", "refused", loginProblem(login.setting, secrets)]],
        ),
      ];
      const place = `apps: ${application.namespace}/${name}`;
      return judged.flatMap(([option, given, allowed]) =>
        allowed === undefined ? [] : [`${place} ${option} is ${given}; allowed: ${allowed}`],
      );
    }),
  );
}

/** An option with what is given, and what is allowed instead; undefined where that is right. */
type Judged = readonly [option: string, given: string, allowed: string | undefined];

function fileProblem(source: string): string | undefined {
  const isFile = statSync(join(projectDir, source), { throwIfNoEntry: false })?.isFile();
  return isFile ? undefined : "the path of a file of this repository";
}

/** Files become text in an object of Kubernetes. */
function fileProblems(files: Files): Judged[] {
  let held = 0;
  return Object.entries(files).flatMap(([path, file]): Judged[] => {
    if (typeof file === "string") held += Buffer.byteLength(file);
    if (typeof file === "string" || !("source" in file)) return [];
    const option = `container.files.${path}.source`;
    const missing = fileProblem(file.source);
    if (missing) return [[option, `"${file.source}"`, missing]];
    const content = readFileSync(join(projectDir, file.source));
    held += content.length;
    const tooMuch = held > mostText ? `a file with which all of them together hold at most ${mostText} bytes` : undefined;
    return [[option, `"${file.source}"`, isUtf8(content) ? tooMuch : "a file of text in UTF-8"]];
  });
}

/** Why a node could not log in with a value; undefined also while it is sealed. */
function loginProblem(setting: string, secrets: Readonly<Record<string, string>>): string | undefined {
  const value = secrets[setting];
  if (value === undefined || value === sealed) return undefined;
  try {
    const { auths } = JSON.parse(value) as { readonly auths?: unknown };
    if (isMapping(auths)) return undefined;
  } catch {
    // It is no JSON.
  }
  return `what docker login writes, JSON with auths, in mesh:secrets.${setting}`;
}

/** Every image that is built here for the platform and the applications of apps/, whatever a stack takes from elsewhere. */
export function builtImages(): BuiltImage[] {
  const { applications } = checkApplications(declarations, { gateways: [] });
  return imagesToLoad({ sources: "built", images: {} }, applications);
}
