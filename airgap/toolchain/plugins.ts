import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { cacheDir, projectDir } from "../../lib/paths.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { keyOf } from "../inputs.ts";
import { toolchainBin } from "../names.ts";
import { type Detail, ensureFolder } from "../store/store.ts";
import { linkerFlags } from "./binaries.ts";
import { airgapModule, build } from "./go.ts";

/** The provider plugins of the program, by the npm package whose version they share. */
const plugins = ["kubernetes", "random"] as const;

/** Folder of the plugins built here, keyed by what decides them. */
const builtDir = () =>
  join(cacheDir, "plugins", keyOf(["airgap/go.mod", "airgap/go.sum", "airgap/provider", "airgap/toolchain/binaries.ts"]));

/**
 * Has the provider plugins ready: the published ones, in the user's own PULUMI_HOME, where they can be had; else compact
 * ones built from airgap/provider, in the given PULUMI_HOME alone. That folder is what remembers the choice, so only the
 * first run asks a server that may not answer.
 *
 * @returns which of the two it is.
 */
export async function ensurePlugins(progress: Progress, pulumiHome: string): Promise<"published" | "built"> {
  const wanted = await Promise.all(plugins.map(async (name) => ({ name, version: await versionOf(name) })));
  const ours = existsSync(join(pulumiHome, "plugins"));
  if (!ours && (await installPublished(wanted, progress))) return "published";

  await ensureFolder(builtDir(), "Pulumi's provider plugins, from airgap/provider", progress, buildPlugins);
  const mark = join(pulumiHome, "built-from");
  const content = `${basename(builtDir())}: ${wanted.map(({ name, version }) => `${name} ${version}`).join(", ")}\n`;
  if ((await readFile(mark, "utf8").catch(() => "")) === content) return "built";
  await mkdir(join(pulumiHome, "plugins"), { recursive: true, mode: 0o700 });
  for (const { name, version } of wanted) {
    const file = join(builtDir(), pluginName(name));
    await pulumi(["plugin", "install", "resource", name, version, "--reinstall", "--file", file], pulumiHome);
  }
  await writeFile(mark, content);
  return "built";
}

interface Plugin {
  readonly name: (typeof plugins)[number];
  readonly version: string;
}

const pluginName = (name: string) => `pulumi-resource-${name}`;

async function buildPlugins(temporary: string, detail: Detail): Promise<void> {
  const packages = plugins.map((name) => `./provider/cmd/${pluginName(name)}`);
  await build(packages, linkerFlags(), airgapModule, temporary, detail);
}

/** Tries the published plugins. That they cannot be had is no failure: they are built instead. */
async function installPublished(wanted: readonly Plugin[], progress: Progress): Promise<boolean> {
  for (const { name, version } of wanted) {
    try {
      await pulumi(["plugin", "install", "resource", name, version]);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      progress.note(`the published plugin ${name} ${version} cannot be had here: building the project's own`);
      return false;
    }
  }
  return true;
}

function pulumi(args: readonly string[], home?: string): Promise<string> {
  return output(join(toolchainBin(), "pulumi"), args, {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true", ...(home && { PULUMI_HOME: home }) },
  });
}

/** The plugin's version is that of the npm package which talks to it. */
async function versionOf(name: string): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(projectDir, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const version = dependencies[`@pulumi/${name}`];
  if (!version) throw new UserError(`package.json has no exact version of @pulumi/${name}`);
  return version;
}
