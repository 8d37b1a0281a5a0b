import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImage } from "./airgap/names.ts";
import { applications as declarations, movedSettings } from "./apps/index.ts";
import { gatewayFacts, gatewayNamespaces } from "./components/gateway/facts.ts";
import { availableGateways } from "./config/crossSection.ts";
import { type Config, RefusedError, readConfig } from "./config.ts";
import { projectDir } from "./lib/paths.ts";
import type { ApplicationDeclaration, DeclaredApplication } from "./model/application.ts";
import { checkApplications } from "./model/checks/check.ts";
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
    callerAddresses: sound.target === "existing" ? (existing?.callerAddresses ?? "kept") : "kept",
    ...(istioGateway && { gatewaySettings: { istioGateway } }),
    ...(edge && { stripHeaders: edge.stripHeaders }),
  });
  const all = [...problems, ...overridden.problems, ...missingPrograms(checked.applications), ...checked.problems];
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

/** Programs of services that are not in this repository. */
function missingPrograms(applications: readonly DeclaredApplication[]): string[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap(({ name, image }) => {
      const source = programOf(image);
      if (source === undefined || existsSync(join(projectDir, source))) return [];
      return [`apps: ${namespace}/${name} image.source is "${source}"; allowed: the path of a file of this repository`];
    }),
  );
}

/** Every image that is built here for the platform and the applications of apps/, whatever a stack takes from elsewhere. */
export function builtImages(): BuiltImage[] {
  const { applications } = checkApplications(declarations, { gateways: [] });
  return imagesToLoad({ sources: "built", images: {} }, applications);
}
