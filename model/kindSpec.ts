/** A kind cluster as a stack's configuration asks for it: what the program hands to the command line, which creates it. */
export interface KindSpec {
  /** The stack that asks for it: messages say what to type for that one. @default "local" */
  readonly stack?: string;
  readonly name: string;
  readonly workers: number;
  /** A published image by digest, or the name of the one that is built here. */
  readonly nodeImage: string;
  readonly sources: "built" | "published";
  /** Which ports of this machine's loopback address lead to which node ports. They cannot change while the cluster lives. */
  readonly ports: readonly { readonly hostPort: number; readonly nodePort: number }[];
}

/** What runs the nodes' containers. */
export type RuntimeName = "docker" | "podman";

/** What `ensure` answers. */
export interface EnsuredCluster {
  /** The content of a kubeconfig with this cluster's administrator. A secret. */
  readonly kubeconfig: string;
  readonly runtime: RuntimeName;
  /** Whether the cluster is new, so that nothing of an earlier one is in it. */
  readonly created: boolean;
  /** The kubeconfig's context. */
  readonly context: string;
}

/** What `read` answers. */
export type ClusterState =
  | { readonly state: "running"; readonly kubeconfig: string }
  | { readonly state: "stopped" | "absent"; readonly kubeconfig?: never };

/** What `load` answers: the references that at least one node lacked. */
export interface LoadedImages {
  readonly loaded: readonly string[];
}
