import type { Kubectl } from "./kubectl.ts";

/**
 * Removes Helm's records of operations that nobody will end, as Helm refuses every other one while it has them. The
 * objects stay: the next installation of the same release takes them over.
 */
export async function removePendingReleases(
  kubectl: Kubectl,
  releases: readonly { readonly name: string; readonly namespace: string }[],
): Promise<void> {
  for (const { name, namespace } of releases) {
    const selector = `owner=helm,name=${name},status in (pending-install,pending-upgrade,pending-rollback)`;
    await kubectl(["delete", "secrets", `--namespace=${namespace}`, `--selector=${selector}`]);
  }
}
