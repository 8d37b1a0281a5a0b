/** The domain of the cluster's own names. */
const clusterDomain = "cluster.local";

/** The full name of a Service, by which every proxy of the mesh knows it, whichever namespace asks. */
export function serviceHost({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}
