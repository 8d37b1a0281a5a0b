import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { projectDir } from "../../lib/paths.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { pluginDir, toolchainBin, toolchainKey } from "../names.ts";

/** The provider plugins of the program, by the npm package whose version they share. */
const plugins = ["kubernetes", "random"] as const;

/**
 * Has the provider plugins ready: the published ones, in the user's own PULUMI_HOME, where they can be had; else compact
 * ones built from airgap/provider with Pulumi, in the given PULUMI_HOME alone. That folder is what remembers the choice, so only the
 * first run asks a server that may not answer.
 *
 * @returns which of the two it is.
 */
export async function ensurePlugins(progress: Progress, pulumiHome: string): Promise<"published" | "built"> {
  const wanted = await Promise.all(plugins.map(async (name) => ({ name, version: await versionOf(name) })));
  const ours = existsSync(join(pulumiHome, "plugins"));
  if (!ours && (await installPublished(wanted, progress))) return "published";

  const mark = join(pulumiHome, "built-from");
  const installed = wanted.map(({ name, version }) => `${name} ${version}`).join(", ");
  const content = `${toolchainKey("pulumi")}: ${installed}; no logs\n`;
  if ((await readFile(mark, "utf8").catch(() => "")) === content) return "built";
  await mkdir(join(pulumiHome, "plugins"), { recursive: true, mode: 0o700 });
  await keepNoLogs(pulumiHome);
  for (const { name, version } of wanted) {
    const file = join(pluginDir(), `pulumi-resource-${name}`);
    await pulumi(["plugin", "install", "resource", name, version, "--reinstall", "--file", file], pulumiHome);
  }
  await writeFile(mark, content);
  return "built";
}

/**
 * Pulumi writes all that it does, compressed and encrypted, into a log of each command: a quarter of its time, and half a gigabyte before
 * the oldest go. No setting of its turns that off. Where it cannot make their folder, it does without.
 */
async function keepNoLogs(pulumiHome: string): Promise<void> {
  const folder = join(pulumiHome, "logs");
  await rm(folder, { recursive: true, force: true });
  await writeFile(
    folder,
    "A file in the place of a folder, so that Pulumi keeps no logs here. For one: pulumi -v=9 --logtostderr\n",
  );
}

interface Plugin {
  readonly name: (typeof plugins)[number];
  readonly version: string;
}

/** Tries the published plugins. That they cannot be had is no failure: they are built instead. */
async function installPublished(wanted: readonly Plugin[], progress: Progress): Promise<boolean> {
  for (const { name, version } of wanted) {
    try {
      await pulumi(["plugin", "install", "resource", name, version]);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      progress.note(`the published plugin ${name} ${version} cannot be had here: the project's own takes its place`);
      return false;
    }
  }
  return true;
}

function pulumi(args: readonly string[], home?: string): Promise<string> {
  return output(join(toolchainBin("pulumi"), "pulumi"), args, {
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
