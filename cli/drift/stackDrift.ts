import type { Progress } from "../../lib/progress.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { exportStack, importStack, type PulumiStack } from "../pulumi/stack.ts";
import type { Exported } from "../pulumi/stateFile.ts";
import { type Drift, findDrift } from "./findDrift.ts";
import { mendDrift } from "./mend.ts";

/**
 * What somebody deleted or changed in a stack's cluster, one sentence each.
 *
 * @returns undefined where the cluster cannot be looked at.
 */
export async function driftOf(stack: PulumiStack, kubectl: Kubectl): Promise<readonly string[] | undefined> {
  const drift = await stackDrift(stack, await exportStack(stack), kubectl);
  return drift && describeDrift(drift);
}

/** The same as data, of the stack's state as it is now. */
export function stackDrift(
  stack: PulumiStack,
  { deployment }: Exported,
  kubectl: Kubectl,
): Promise<readonly Drift[] | undefined> {
  const reveal = async () => (await exportStack(stack, "--show-secrets")).deployment;
  return findDrift(deployment, { kubectl, reveal });
}

/**
 * Makes the next update put right what somebody deleted or changed in the cluster, and says what that was.
 *
 * @param exported - the stack's state as it is now.
 * @param drift - in which this differs from the cluster; undefined where that cannot be looked at.
 */
export async function mendStack(
  stack: PulumiStack,
  exported: Exported,
  drift: readonly Drift[] | undefined,
  kubectl: Kubectl,
  progress: Progress,
): Promise<void> {
  if (!drift) {
    progress.note("The cluster's objects cannot be listed, so that what was deleted or changed by hand is not known.");
    return;
  }
  if (drift.length === 0) return;
  progress.note("What this stack deployed is not as it was; it is put right:");
  for (const line of describeDrift(drift)) progress.note(`  ${line}`);
  await importStack(stack, { ...exported, deployment: await mendDrift(exported.deployment, drift, kubectl) });
}

/** A sentence for each; what went with its namespace is counted there. */
export function describeDrift(drift: readonly Drift[]): string[] {
  const namespaces = new Set(
    drift.flatMap(({ kind, object }) => (kind === "missing" && object.kind === "Namespace" ? object.name : [])),
  );
  const isWithin = ({ object }: Drift) => object.namespace !== undefined && namespaces.has(object.namespace);
  return drift
    .filter((one) => !isWithin(one))
    .map(({ problem, object }) => {
      const within = drift.filter((one) => isWithin(one) && one.object.namespace === object.name).length;
      return object.kind === "Namespace" && within > 0 ? `${problem}, with ${within} objects in it` : problem;
    });
}
