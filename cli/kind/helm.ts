import { kubectl } from "./health.ts";
import { findRuntime, listNodes } from "./runtime.ts";
import type { KindSpec } from "./spec.ts";

/**
 * Removes Helm's records of operations that nobody will end, as Helm refuses every other one while it has them. The
 * objects stay: the next installation of the same release takes them over.
 */
export async function removePendingReleases(
  spec: KindSpec,
  releases: readonly { readonly name: string; readonly namespace: string }[],
): Promise<void> {
  if (releases.length === 0) return;
  const runtime = await findRuntime(spec.sources);
  const controlPlane = (await listNodes(runtime, spec.name)).find(({ role }) => role === "control-plane")?.name;
  if (!controlPlane) return;
  for (const { name, namespace } of releases) {
    const selector = `owner=helm,name=${name},status in (pending-install,pending-upgrade,pending-rollback)`;
    await kubectl(runtime, controlPlane, ["delete", "secrets", `--namespace=${namespace}`, `--selector=${selector}`]);
  }
}
