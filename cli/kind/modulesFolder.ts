import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../lib/errors.ts";

/** The folder of the kernel's modules. kind mounts it into every node, and a machine without a packaged kernel has none. */
export const modulesFolder = "/lib/modules";

/** The file that tells that the folder was made here. It lies in the folder, so any checkout can read it. */
const mark = ".made-by-mesh";

/** Whether the folder is missing where it cannot be made. Only looks: nothing is made. */
export function modulesFolderProblems(folder = modulesFolder): string[] {
  if (existsSync(folder)) return [];
  try {
    accessSync(dirname(folder), constants.W_OK);
    return [];
  } catch (error) {
    return [cannotMake(folder, error)];
  }
}

/**
 * Makes the folder where it is missing, empty but for a mark. Docker makes it by itself, podman does not.
 *
 * @throws UserError when it cannot be made.
 */
export async function ensureModulesFolder(folder = modulesFolder): Promise<void> {
  if (existsSync(folder)) return;
  try {
    await mkdir(folder);
    await writeFile(join(folder, mark), "Made for the nodes of kind clusters; `make down` removes it with the last container.\n");
  } catch (error) {
    throw new UserError(cannotMake(folder, error));
  }
}

/** Removes the folder where it was made here and nobody has put anything into it since. Not while a container may use it. */
export async function removeModulesFolder(folder = modulesFolder): Promise<void> {
  if (!existsSync(join(folder, mark))) return;
  await rm(join(folder, mark));
  // What somebody has put into it stays, and with it the folder.
  await rmdir(folder).catch(() => undefined);
}

function cannotMake(folder: string, error: unknown): string {
  return `kind's nodes need the folder ${folder}, which is missing and cannot be made (${(error as NodeJS.ErrnoException).code}): mkdir -p ${folder} as root.`;
}
