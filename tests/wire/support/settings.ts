import { readFile, rm, writeFile } from "node:fs/promises";
import { parse, stringify } from "yaml";
import { accountOf } from "../../lib/matrixRows.ts";
import { bringUp, type Finished, pulumi, stack } from "../../lib/runningStack.ts";

type Settings = Record<string, unknown>;
/** What a file says under `mesh:apps`, by namespace and name. */
type Apps = Record<string, Record<string, Settings>>;

const stackFile = `Pulumi.${stack}.yaml`;
const editedFile = `Pulumi.${stack}.edited.yaml`;

/** Runs something with a copy of the stack's file that is edited, and removes the copy. */
export async function withEdited<T>(edit: (config: Settings) => void, use: (file: string) => Promise<T>): Promise<T> {
  const settings = parse(await readFile(stackFile, "utf8")) as { config: Settings };
  edit(settings.config);
  await writeFile(editedFile, stringify(settings));
  try {
    return await use(editedFile);
  } finally {
    await rm(editedFile, { force: true });
  }
}

/** Deploys the stack with settings of its file edited. What it was is back with the next `make up`. */
export function deployWith(edit: (config: Settings) => void): Promise<Finished> {
  return withEdited(edit, async (file) => {
    const up = await pulumi("up", "--yes", "--skip-preview", "--config-file", file);
    if (up.exitCode !== 0) throw new Error(`pulumi up ended with ${up.exitCode}:\n${up.all.slice(-4_000)}`);
    return up;
  });
}

/** Sets options of a workload, given as `namespace/name`: each in the place of what the file says of it, beside the others. */
export function setOptions(config: Settings, workload: string, options: Readonly<Settings>): void {
  const { namespace, name } = accountOf(workload);
  const apps = (config["mesh:apps"] ?? {}) as Apps;
  const own = apps[namespace] ?? {};
  config["mesh:apps"] = { ...apps, [namespace]: { ...own, [name]: { ...own[name], ...options } } };
}

/** Deploys the stack with other options of the product service beside those of its file. */
export function deployProduct(options: Readonly<Settings>): Promise<Finished> {
  return deployWith((config) => setOptions(config, "product/product", options));
}

/**
 * Edits the stack's own file as a user does, with `pulumi config set --path`, runs something, and puts file and stack back
 * as they were.
 */
export async function withConfigSet<T>(settings: Readonly<Record<string, string>>, use: () => Promise<T>): Promise<T> {
  const before = await readFile(stackFile, "utf8");
  try {
    for (const [path, value] of Object.entries(settings)) {
      const set = await pulumi("config", "set", "--path", path, value);
      if (set.exitCode !== 0) throw new Error(`pulumi config set ${path} ended with ${set.exitCode}:\n${set.all}`);
    }
    return await use();
  } finally {
    await writeFile(stackFile, before);
    await bringUp();
  }
}
