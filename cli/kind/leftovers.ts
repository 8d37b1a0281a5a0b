import type { KindSpec } from "../../model/kindSpec.ts";
import { removeNetwork } from "./network.ts";
import { container, hasAnyCluster, lines, type Runtime } from "./runtime.ts";

/**
 * Removes what the nodes of a cluster leave behind when a run is killed between two steps of its making or its removal:
 * half of a container, volumes without a container, and, with the last cluster, the network.
 */
export async function removeLeftovers(runtime: Runtime, { name, workers }: KindSpec): Promise<void> {
  const names = nodeNames(name, workers);
  await removeHalves(runtime, names);
  const volumes = new Set<string>();
  for (const node of names) {
    for (const volume of lines(await container(runtime, ["volume", "ls", "--filter", `label=${node}`, "--quiet"])))
      volumes.add(volume);
  }
  // Without force: podman would remove a container that uses the volume as well.
  if (volumes.size > 0) await container(runtime, ["volume", "rm", ...volumes]);
  if (!(await hasAnyCluster(runtime))) await removeNetwork(runtime);
}

/**
 * Removes containers of which podman has the storage and nothing else, as it was killed while it made them: it lists them on
 * request alone, and makes no other of the same name.
 */
async function removeHalves(runtime: Runtime, names: readonly string[]): Promise<void> {
  if (runtime.name !== "podman") return;
  const list = async (...flags: string[]) => lines(await container(runtime, ["ps", "--all", ...flags, "--format", "{{.Names}}"]));
  const whole = await list();
  const halves = (await list("--external")).filter((name) => names.includes(name) && !whole.includes(name));
  if (halves.length > 0) await container(runtime, ["rm", "--force", ...halves]);
}

/** What kind calls the nodes, and labels their volumes with. */
function nodeNames(cluster: string, workers: number): string[] {
  return [`${cluster}-control-plane`, ...Array.from({ length: workers }, (_, i) => `${cluster}-worker${i === 0 ? "" : i + 1}`)];
}
