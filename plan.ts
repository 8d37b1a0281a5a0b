import type { BuiltImage } from "./airgap/names.ts";
import { applications as declarations, movedSettings } from "./apps/index.ts";
import { gatewayFacts, gatewayNamespaces } from "./components/gateway/facts.ts";
import { availableGateways } from "./config/gateways.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import type { ApplicationDeclaration, DeclaredApplication } from "./model/application.ts";
import { ApplicationError, checkApplications } from "./model/checks/check.ts";
import type { GatewayName } from "./model/gateway.ts";
import { withOverrides } from "./model/overrides.ts";
import { imagesToLoad } from "./stacks/images.ts";

/** A stack as data: its configuration, and the applications that it deploys. Everything is judged; nothing is registered. */
export interface Plan {
  readonly config: Config;
  readonly applications: readonly DeclaredApplication[];
  /** The gateways that run. */
  readonly gateways: readonly GatewayName[];
}

/**
 * Plans a stack.
 *
 * @param entries - the stack's settings: full keys and values as Pulumi gives them, where a structured value is JSON.
 * @param stack - the stack's name, for the message.
 * @param from - Pulumi opens secrets; who reads the file itself has a word in their place.
 * @param declared - the applications. @default those of apps/
 * @throws ConfigError or ApplicationError with everything that is wrong with settings and applications.
 */
export function planStack(
  entries: Readonly<Record<string, string>>,
  stack: string,
  from: "pulumi" | "file" = "pulumi",
  declared: readonly ApplicationDeclaration[] = declarations,
): Plan {
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
  const ofSettings = [...problems, ...overridden.problems];
  if (!config || ofSettings.length > 0 || checked.problems.some((problem) => problem.startsWith("mesh:"))) {
    throw new ConfigError(stack, [...ofSettings, ...checked.problems]);
  }
  if (checked.problems.length > 0) throw new ApplicationError(checked.problems);
  return { config, applications: checked.applications, gateways };
}

/** Every image that is built here for the platform and the applications of apps/, whatever a stack takes from elsewhere. */
export function builtImages(): BuiltImage[] {
  const { applications } = checkApplications(declarations, { gateways: [] });
  return imagesToLoad({ sources: "built", images: {} }, applications);
}
