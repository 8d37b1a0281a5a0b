import { UserError } from "../../lib/errors.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { type Deployment, withInitErrors, withoutResources } from "../pulumi/deployment.ts";
import { undoExtras } from "./compare.ts";
import type { Drift } from "./findDrift.ts";

/**
 * Makes the next update put drift right: what is gone, or a Job that has failed, leaves the state, so that it is created; what was
 * changed is noted as not brought to an end, so that it is applied again although the program has not changed. What was added, which
 * applying again would leave, is taken away here.
 *
 * @throws UserError when something that was added cannot be taken away.
 * @returns the state that the update has to start from.
 */
export async function mendDrift(deployment: Deployment, drift: readonly Drift[], kubectl: Kubectl): Promise<Deployment> {
  for (const { object, differences } of drift) {
    const operations = undoExtras(differences);
    if (operations.length === 0) continue;
    const { apiVersion, kind, namespace, name } = object;
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const place = namespace === undefined ? [] : [`--namespace=${namespace}`];
    const { ok, all } = await kubectl([
      "patch",
      `${kind}.${version}.${group}`,
      name,
      ...place,
      "--type=json",
      `--patch=${JSON.stringify(operations)}`,
    ]);
    if (!ok) {
      const what = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
      throw new UserError(`What somebody added to the ${what} could not be taken away: ${all.trim().split("\n").at(-1) ?? ""}`);
    }
  }
  // What takes its place has another name.
  for (const { object } of drift.filter(({ kind, object }) => kind === "missing" && object.kind === "Job")) {
    const place = `--namespace=${object.namespace ?? "default"}`;
    await kubectl(["delete", "jobs.batch", object.name, place, "--ignore-not-found", "--wait=false"]);
  }
  const missing = new Set(drift.filter(({ kind }) => kind === "missing").map(({ urn }) => urn));
  const changed = new Map<string, string[]>();
  for (const { urn, kind, problem } of drift) {
    if (kind === "changed") changed.set(urn, [...(changed.get(urn) ?? []), problem]);
  }
  // What was replaced and is still to be deleted has the same name in the state, and is another object.
  const rest = withoutResources(deployment, ({ urn, delete: replaced }) => missing.has(urn) && !replaced);
  return withInitErrors(rest, changed);
}
