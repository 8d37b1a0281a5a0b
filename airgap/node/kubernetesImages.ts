import { join } from "node:path";
import { output } from "../../lib/process.ts";
import { program, treeOf } from "../../lib/tree.ts";
import type { SharedLayers } from "../images/layers.ts";
import type { Image } from "../images/oci.ts";
import { imageBinDir, imageHub, kubernetesVersion } from "../names.ts";

/** Kubernetes' images, so that nothing is pulled. */
export interface KubernetesImages {
  readonly images: readonly Image[];
  /** Reference of the image that holds each pod's namespaces. */
  readonly pause: string;
}

/** Programs of the control plane: kubeadm gives each its whole command line. */
const controlPlane = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/** Images under the names that kubeadm itself says it will ask for. */
export async function kubernetesImages({ base, iptables }: SharedLayers): Promise<KubernetesImages> {
  const kubeadm = join(imageBinDir(), "kubeadm");
  const listed = (await output(kubeadm, ["config", "images", "list", "--kubernetes-version", kubernetesVersion()])).split("\n");
  const referenceOf = (name: string) => {
    const reference = listed.find((line) => line.includes(`/${name}:`));
    if (!reference) throw new Error(`kubeadm ${kubernetesVersion()} asks for no image ${name}: ${listed.join(", ")}`);
    return reference;
  };
  const own = (path: string, name: string) => treeOf(program(path, join(imageBinDir(), name)));
  const command = (name: string) => own(`/usr/local/bin/${name}`, name);

  return {
    pause: referenceOf("pause"),
    images: [
      { reference: referenceOf("pause"), layers: [await own("/pause", "pause")], config: { Entrypoint: ["/pause"] } },
      { reference: referenceOf("kube-proxy"), layers: [base, iptables, await command("kube-proxy")], config: {} },
      {
        reference: referenceOf("coredns"),
        layers: [base, await own("/coredns", "coredns")],
        config: { Entrypoint: ["/coredns"] },
      },
      {
        reference: `${imageHub}/nodeagent:preloaded`,
        layers: [base, iptables, await command("nodeagent")],
        config: { Entrypoint: ["/usr/local/bin/nodeagent"] },
      },
      ...(await Promise.all(
        controlPlane.map(async (name) => ({ reference: referenceOf(name), layers: [base, await command(name)], config: {} })),
      )),
    ],
  };
}
