/*
 * Builds what `sources: built` needs, from package registries alone. Every builder is idempotent, resumes after an
 * interruption, reports progress, and leaves its result in the user's cache under a key of its sources.
 */
export { ensureImages, type ImageArchive } from "./images/index.ts";
export { ensureNodeImage } from "./node/index.ts";
export { podmanEnvironment } from "./podman.ts";
export { preflight } from "./preflight.ts";
export { ensureDebianPackages } from "./toolchain/debian.ts";
export { ensureToolchain, type Toolchain } from "./toolchain/index.ts";
export { ensurePlugins } from "./toolchain/plugins.ts";
