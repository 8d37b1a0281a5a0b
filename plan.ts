import { statSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImage } from "./airgap/names.ts";
import { applications as declarations, movedSettings } from "./apps/index.ts";
import { gatewayFacts, gatewayNamespaces } from "./components/gateway/facts.ts";
import { availableGateways } from "./config/crossSection.ts";
import { type Config, RefusedError, readConfig } from "./config.ts";
import { projectDir } from "./lib/paths.ts";
import { type ApplicationDeclaration, type DeclaredApplication, ownWorkloads, programsOf } from "./model/application.ts";
import { checkApplications } from "./model/checks/check.ts";
import { mostText } from "./model/container.ts";
import type { GatewayName } from "./model/gateway.ts";
import { withOverrides } from "./model/overrides.ts";
import { imagesToLoad, programOf } from "./stacks/images.ts";

/** A stack as data: its configuration, and the applications that it deploys. */
export interface Plan {
  readonly config: Config;
  readonly applications: readonly DeclaredApplication[];
  /** The gateways that run. */
  readonly gateways: readonly GatewayName[];
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
 */
export function readPlan(
  entries: Readonly<Record<string, string>>,
  from: "pulumi" | "file" = "pulumi",
  declared: readonly ApplicationDeclaration[] = declarations,
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
    ...(edge && { stripHeaders: edge.stripHeaders }),
  });
  const all = [...problems, ...overridden.problems, ...missingSources(checked.applications), ...checked.problems];
  return { config, applications: checked.applications, gateways, problems: all };
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

/** Programs and files of services that are not in this repository. */
function missingSources(applications: readonly DeclaredApplication[]): string[] {
  return applications.flatMap((application) => {
    const programs = programsOf(application);
    return ownWorkloads(application).flatMap(({ name, container }) => {
      const own = programs.flatMap(({ workload, program }) => (workload === name ? (programOf(program.image) ?? []) : []));
      const files = Object.entries(container.files).flatMap(([path, file]) =>
        typeof file === "object" && "source" in file ? [[`container.files.${path}.source`, file.source] as const] : [],
      );
      const sources = [...[...new Set(own)].map((source) => ["image.source", source] as const), ...files];
      return sources.flatMap(([option, source]) => {
        const problem = sourceProblem(source);
        return problem ? [`apps: ${application.namespace}/${name} ${option} is "${source}"; allowed: ${problem}`] : [];
      });
    });
  });
}

function sourceProblem(source: string): string | undefined {
  const found = statSync(join(projectDir, source), { throwIfNoEntry: false });
  if (!found?.isFile()) return "the path of a file of this repository";
  return found.size > mostText ? `one of at most ${mostText} bytes` : undefined;
}

/** Every image that is built here for the platform and the applications of apps/, whatever a stack takes from elsewhere. */
export function builtImages(): BuiltImage[] {
  const { applications } = checkApplications(declarations, { gateways: [] });
  return imagesToLoad({ sources: "built", images: {} }, applications);
}
