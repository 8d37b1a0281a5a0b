import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CallGraph } from "../../model/callGraph.ts";
import { customResource } from "../support/customResource.ts";
import { allowCallers, allowNothing } from "./authorization.ts";
import { denyAll, peersOf, type Surroundings } from "./network.ts";
import { originatedTls, outsideEntry } from "./outside.ts";
import { sidecarScope } from "./scope.ts";

export interface ZeroTrustArgs {
  /** Of all applications: callers may be in other namespaces. */
  readonly graph: CallGraph;
  /** An existing namespace whose workloads are protected. */
  readonly namespace: string;
  /** @default nobody reads metrics, and the cluster is as most are */
  readonly surroundings?: Surroundings;
}

/**
 * Default deny for one namespace, and from the call graph what is allowed nevertheless, three times over: by identity
 * (AuthorizationPolicy), on the network (NetworkPolicy, where the cluster's network enforces it), and in what a workload's
 * proxy can reach at all (Sidecar). The hosts outside that its workloads reach are known in it alone.
 *
 * Make it before the workloads, so that none of them ever answers a stranger. Nothing in it names a revision of the control
 * plane: it holds for the pods of both during an upgrade.
 */
export class ZeroTrust extends pulumi.ComponentResource {
  constructor(name: string, { graph, namespace, surroundings }: ZeroTrustArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:security:ZeroTrust", name, {}, opts);
    const child = { parent: this };
    const network = (resource: string, policy: string, spec: k8s.types.input.networking.v1.NetworkPolicySpec) =>
      new k8s.networking.v1.NetworkPolicy(resource, { metadata: { name: policy, namespace }, spec }, child);

    customResource(`${name}-allow-nothing`, allowNothing(namespace), child);
    network(`${name}-default-deny`, "default-deny", denyAll);
    for (const outside of graph.outside(namespace)) {
      const tls = originatedTls(namespace, outside);
      const secured = tls && customResource(`${name}-tls-${outside.host}`, tls, child);
      // Nothing goes out in plain before it is said that it must not.
      const after = { parent: this, ...(secured && { dependsOn: secured }) };
      customResource(`${name}-egress-${outside.host}`, outsideEntry(namespace, outside), after);
    }
    for (const workload of graph.in(namespace)) {
      const prefix = `${name}-${workload.name}`;
      const callers = allowCallers(graph, workload);
      if (callers) customResource(`${prefix}-callers`, callers, child);
      network(`${prefix}-peers`, `peers-of-${workload.name}`, peersOf(graph, workload, surroundings));
      customResource(`${prefix}-scope`, sidecarScope(graph, workload), child);
    }
    this.registerOutputs();
  }
}
