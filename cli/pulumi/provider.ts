import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { projectDir } from "../../lib/paths.ts";

/** What Go writes into every program of airgap/provider: the package it was built from. */
const ownPackage = "mesh.local/airgap/provider";

/**
 * Whose Kubernetes provider pulumi finds, by what is in the plugin itself: a stack of any sources may run on a plugin that was put
 * where pulumi looks.
 *
 * @param environment - of pulumi's runs.
 */
export async function providerInUse(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const home = environment.PULUMI_HOME ?? process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const name = "kubernetes";
  const file = join(home, "plugins", `resource-${name}-v${await requiredVersion(name)}`, `pulumi-resource-${name}`);
  const plugin = await readFile(file).catch(() => undefined);
  if (!plugin) return `none is installed in ${home}`;
  return plugin.includes(ownPackage) ? "the project's own plugin, built from airgap/provider" : "Pulumi's published plugin";
}

/** The plugin's version is that of the npm package which talks to it. */
async function requiredVersion(name: string): Promise<string> {
  const text = await readFile(join(projectDir, "node_modules", "@pulumi", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
