import { stringify } from "yaml";
import type { KindSpec } from "../../model/kindSpec.ts";
import { ownerMount } from "./runtime.ts";

/** Seconds after which a node that is not heard of is given up, and no request is sent to its pods any more. Kubernetes' own default is 50. */
const nodeGrace = 20;

/** There is one control plane: none waits to find out that it is the one, nor, after it was killed, for its own lease to end. */
const alone = { name: "leader-elect", value: "false" };

/**
 * Flags of the controller manager. At its start each of its controllers asks for an account and a token, at 20 requests a second and 30 at
 * once where nobody says otherwise: workers could not join for four seconds, as nothing signed the cluster's address yet.
 */
const controllerManager = [
  { name: "node-monitor-grace-period", value: `${nodeGrace}s` },
  { name: "kube-api-qps", value: "200" },
  { name: "kube-api-burst", value: "400" },
  alone,
];

/** What kubeadm is told beyond kind's own settings: nodes say that they live each quarter of the lease's duration. */
const kubeadm = {
  kubeadmConfigPatches: [stringify({ kind: "KubeletConfiguration", nodeLeaseDurationSeconds: nodeGrace })],
  kubeadmConfigPatchesJSON6902: [
    {
      group: "kubeadm.k8s.io",
      version: "v1beta4",
      kind: "ClusterConfiguration",
      patch: stringify([
        ...controllerManager.map((value) => ({ op: "add", path: "/controllerManager/extraArgs/-", value })),
        { op: "add", path: "/scheduler/extraArgs", value: [alone] },
      ]),
    },
  ],
};

/** The configuration that the kind command line reads. */
export function kindConfig({ name, workers, nodeImage, ports }: KindSpec, owner: { readonly hostPath: string }): string {
  const extraMounts = [{ ...owner, containerPath: ownerMount, readOnly: true }];
  const node = { image: nodeImage, extraMounts };
  return stringify(
    {
      kind: "Cluster",
      apiVersion: "kind.x-k8s.io/v1alpha4",
      name,
      networking: { ipFamily: "ipv4" },
      ...kubeadm,
      nodes: [
        {
          role: "control-plane",
          ...node,
          extraPortMappings: ports.map(({ hostPort, nodePort }) => ({
            containerPort: nodePort,
            hostPort,
            // Reachable from this machine alone.
            listenAddress: "127.0.0.1",
          })),
        },
        ...Array.from({ length: workers }, () => ({ role: "worker", ...node })),
      ],
    },
    { aliasDuplicateObjects: false },
  );
}
