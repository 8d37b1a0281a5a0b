/**
 * Kinds of clusters on which Istio's charts have to know where the network's files are on a node, or what pods may do there. On any
 * other the charts' own values hold.
 *
 * @see https://istio.io/latest/docs/setup/platform-setup/
 */
export const istioPlatforms = ["gke", "k3d", "k3s", "microk8s", "minikube", "openshift"] as const;
export type IstioPlatform = (typeof istioPlatforms)[number];
