import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** What makes pods part of a mesh. */
export interface MeshMembership {
  /** Labels of a namespace that make the control plane inject sidecars, and the revision they are to be of. */
  readonly injection: Readonly<Record<string, string>>;
  /** Annotations of pods, which change with their sidecar. */
  readonly podAnnotations: Readonly<Record<string, string>>;
}

/** What the pods of a namespace may ask of their node, by the Pod Security Standards. */
export type PodSecurity = "restricted" | "baseline" | "privileged";

/** Pods get no sidecar here unless they ask for one themselves. Said outright, so that a forgotten label shows. */
export const noInjection = { "istio-injection": "disabled" } as const;

export interface NamespaceArgs {
  /** Explicit: Istio hosts, policies and people refer to it. */
  readonly namespace: string;
  readonly podSecurity: PodSecurity;
  /** Which control plane injects sidecars into the pods: a label of Istio's, or {@link noInjection}. */
  readonly injection: Readonly<Record<string, string>>;
}

/** A namespace whose pods are held to a Pod Security Standard from the first one on. */
export function createNamespace(
  name: string,
  { namespace, podSecurity, injection }: NamespaceArgs,
  opts: pulumi.CustomResourceOptions,
) {
  const labels = {
    "pod-security.kubernetes.io/enforce": podSecurity,
    "pod-security.kubernetes.io/enforce-version": "latest",
    ...injection,
  };
  return new k8s.core.v1.Namespace(name, { metadata: { name: namespace, labels } }, opts);
}
