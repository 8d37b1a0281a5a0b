import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { podmanEnvironment, toolchainPath } from "../../airgap/index.ts";
import type { Config } from "../../config.ts";
import { proxyExceptions } from "../../lib/httpProxies.ts";
import { projectDir, stateDir } from "../../lib/paths.ts";

/** Plugins of this checkout alone, for a machine that cannot fetch the published ones. */
export const pulumiHome = join(stateDir, "pulumi-home");

/** Pulumi's state where the user has not named another place: this checkout's own folder. */
export const pulumiBackend = join(stateDir, "pulumi");

/** The stack whose state, passphrase and parts are all this checkout's, whatever the user's environment says. */
const ownStack = "local";

/** The kubeconfig of a kind cluster of this checkout; the user's own is never touched. */
export function kubeconfigFile(cluster: string): string {
  return join(stateDir, "kind", cluster, "kubeconfig");
}

/** The kubeconfig of a stack's cluster, whoever made it. */
export function kubeconfigOf(stack: string, config: Config): string {
  return config.target === "kind" ? kubeconfigFile(config.cluster.name) : join(stateDir, "clusters", stack, "kubeconfig");
}

/**
 * What pulumi, kubectl, helm and istioctl need to work on a stack, as changes to the environment: the same for the commands
 * here and for a shell that evaluated `make env`.
 */
export function stackEnvironment(stack: string, config: Config, env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const built = config.sources === "built";
  return {
    ...(built && { PATH: withFirst([...toolchainPath(), standIns], env.PATH), ...defined(podmanEnvironment()) }),
    KUBECONFIG: kubeconfigOf(stack, config),
    ...(config.target === "kind" && backend(stack, env)),
    ...(existsSync(join(pulumiHome, "plugins")) && built && { PULUMI_HOME: pulumiHome }),
    // Its plugins are there by now. Pulumi would ask for those of every package that is installed, at each start: AWS's too.
    ...(built && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    // What waits for its pods does nothing meanwhile. With four for each core, Pulumi's default, databases waited for the pods of others.
    PULUMI_PARALLEL: env.PULUMI_PARALLEL ?? "64",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...proxyExceptions(env),
  };
}

/**
 * Without a second file of attributes for each file of the state: those are not written at once as the state is, and one that a
 * killed pulumi leaves half written makes the whole stack unreadable.
 */
const backendUrl = `${pathToFileURL(pulumiBackend).href}?metadata=skip`;

/**
 * Where the state of a cluster on this machine lives, and what its secrets are encrypted with. The stack `local` never
 * writes into an account of the user's. What outlives this machine is kept where the user is logged in: `pulumi login`.
 */
function backend(stack: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const ours = { PULUMI_BACKEND_URL: backendUrl, PULUMI_CONFIG_PASSPHRASE: "local" };
  if (stack === ownStack) return ours;
  if (env.PULUMI_BACKEND_URL) return {};
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE) {
    return { PULUMI_BACKEND_URL: ours.PULUMI_BACKEND_URL };
  }
  return ours;
}

/** Where the programs of the toolchain's part `tools` are looked for as long as they are not built: each builds them. */
const standIns = join(projectDir, "cli/tools");

/** A PATH with folders in front. */
export function withFirst(folders: readonly string[], path = ""): string {
  return [...folders, ...path.split(":").filter((entry) => entry && !folders.includes(entry))].join(":");
}

/**
 * How pulumi and what it starts run, for pulumi alone: in a shell it would hold for every program. Memory that is not used any more is
 * looked for half as often, a twentieth of the time. And Node.js starts as Pulumi.yaml's nodeargs say, where the air gap's language host
 * does not pass them on.
 */
export function leanStart({ sources }: Pick<Config, "sources">, env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const nodeOptions = `${env.NODE_OPTIONS ?? ""} --require=${JSON.stringify(join(projectDir, "lib/lean.cjs"))}`.trim();
  return { GOGC: env.GOGC ?? "200", ...(sources === "built" && { NODE_OPTIONS: nodeOptions }) };
}

function defined(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
