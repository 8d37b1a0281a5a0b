import { parse, stringify } from "yaml";
import { isMapping } from "../../lib/values.ts";
import { inNode, type NodeContainer, type Runtime } from "./runtime.ts";

/** Where kubeadm leaves the administrator's kubeconfig in a control plane. */
const file = "/etc/kubernetes/admin.conf";

/**
 * The kubeconfig of a kind cluster, as `kind get kubeconfig` gives it after a dozen runs of podman. One is enough for who knows the nodes.
 *
 * @returns undefined where something is not as expected, which is for kind to tell of.
 */
export async function readAdminConfig(
  runtime: Runtime,
  cluster: string,
  nodes: readonly NodeContainer[],
): Promise<string | undefined> {
  const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
  const [controlPlane] = controlPlanes;
  if (controlPlanes.length !== 1 || controlPlane?.apiPort === undefined) return undefined;
  const { ok, stdout } = await inNode(runtime, controlPlane, ["cat", file]);
  return ok ? fromHere(stdout, `kind-${cluster}`, `https://127.0.0.1:${controlPlane.apiPort}`) : undefined;
}

/** A kubeconfig of one cluster under kind's name for it, and with the address that leads to it from this machine. */
function fromHere(text: string, name: string, server: string): string | undefined {
  try {
    const { clusters, users } = parse(text);
    const [cluster, user] = [clusters[0].cluster, users[0].user];
    if (!isMapping(cluster) || !isMapping(user)) return undefined;
    return stringify({
      apiVersion: "v1",
      clusters: [{ cluster: { ...cluster, server }, name }],
      contexts: [{ context: { cluster: name, user: name }, name }],
      "current-context": name,
      kind: "Config",
      users: [{ name, user }],
    });
  } catch {
    return undefined;
  }
}
