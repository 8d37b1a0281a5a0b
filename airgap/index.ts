/*
 * Builds what `sources: built` needs, from package registries alone. Every builder is idempotent, resumes after an
 * interruption, reports progress, and leaves its result in the user's cache under a key of its sources.
 */
export { ensureImages, type ImageArchive } from "./images/index.ts";
export {
  type BuiltImage,
  fullName,
  imageBinDir,
  imageHub,
  imageReference,
  toolchainBin,
  toolchainPath,
} from "./names.ts";
export { ensureClusterParts, ensureNodeImage } from "./node/index.ts";
export { podmanEnvironment, podmanStorage } from "./podman.ts";
export { preflight } from "./preflight.ts";
export { buildFlags } from "./toolchain/binaries.ts";
export { announcement } from "./toolchain/estimate.ts";
export { airgapModule } from "./toolchain/go.ts";
export { ensurePackages, ensureToolchain, missingParts } from "./toolchain/index.ts";
export { ensureLinter } from "./toolchain/linter.ts";
export { ensurePlugins } from "./toolchain/plugins.ts";
