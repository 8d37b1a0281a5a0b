import { container, type Runtime, tryContainer } from "./runtime.ts";

/** The network that kind puts its nodes on, by kind's own choice. */
const network = "kind";

/** Marks the network as made here, so that it can go when nobody uses it any more. */
const madeHere = "mesh.made-here=true";

/**
 * Makes the nodes' network before kind does, with a mark on it. Podman alone: Docker's engine keeps its networks in order
 * itself, and other tools count on kind's.
 */
export async function prepareNetwork(runtime: Runtime): Promise<void> {
  if (runtime.name !== "podman" || (await exists(runtime))) return;
  await container(runtime, ["network", "create", "--driver=bridge", `--label=${madeHere}`, network]);
}

/** Removes the nodes' network where it was made here and nothing is on it. */
export async function removeNetwork(runtime: Runtime): Promise<void> {
  if (runtime.name !== "podman" || !(await exists(runtime, ["--filter", `label=${madeHere}`]))) return;
  // Podman refuses while a container is on it, which is as it should be.
  await tryContainer(runtime, ["network", "rm", network]);
}

async function exists(runtime: Runtime, filters: readonly string[] = []): Promise<boolean> {
  const names = await container(runtime, ["network", "ls", "--quiet", ...filters]);
  return names.split("\n").includes(network);
}
