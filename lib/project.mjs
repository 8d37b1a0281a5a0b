import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout: the folder of Pulumi.yaml. This may run in the sources, or in a bundle of them under .state/run. */
export const projectDir = folderWith("Pulumi.yaml", dirname(fileURLToPath(import.meta.url)));

/**
 * The nearest folder that has a file of this name: a folder, or one above it.
 *
 * @param {string} file
 * @param {string} folder
 * @returns {string}
 */
function folderWith(file, folder) {
  return existsSync(join(folder, file)) || folder === dirname(folder) ? folder : folderWith(file, dirname(folder));
}
