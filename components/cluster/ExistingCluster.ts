import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { contextNames, contextServer } from "../../model/kubeconfig.ts";
import type { Cluster } from "./Cluster.ts";

export interface ExistingClusterArgs {
  /** As text, YAML or JSON. It may get its credentials from a command, which then has to be there wherever Pulumi runs. */
  readonly kubeconfig: string;
  /** One of the kubeconfig's contexts. */
  readonly context: string;
}

/** A cluster that runs already: it is not made here, and does not go with the stack. */
export class ExistingCluster extends pulumi.ComponentResource implements Cluster {
  readonly provider: k8s.Provider;
  readonly kubeconfig: pulumi.Output<string>;
  readonly context: pulumi.Output<string>;
  /** Whatever makes load balancers in it is there already. */
  readonly ready: readonly pulumi.Resource[] = [];

  /** @throws pulumi.RunError when the context is not in the kubeconfig, or leads to no server. */
  constructor(name: string, { kubeconfig, context }: ExistingClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:ExistingCluster", name, {}, opts);

    const server = requireServer(kubeconfig, context);
    this.kubeconfig = pulumi.secret(kubeconfig);
    this.context = pulumi.output(context);
    this.provider = new k8s.Provider(
      name,
      {
        kubeconfig: this.kubeconfig,
        context,
        // Other credentials, a new certificate and a renamed context leave a cluster what it is; another address does not.
        clusterIdentifier: `existing-${createHash("sha256").update(server).digest("hex").slice(0, 12)}`,
        enableServerSideApply: true,
        // Otherwise a Secret whose content changes is deleted, and for a moment there is none.
        enableSecretMutable: true,
      },
      { parent: this },
    );

    this.registerOutputs({ kubeconfig: this.kubeconfig, context: this.context });
  }
}

function requireServer(kubeconfig: string, context: string): string {
  const contexts = contextNames(kubeconfig);
  if (!contexts) throw new pulumi.RunError("mesh:existing.kubeconfig is not a kubeconfig; allowed: YAML or JSON with contexts");
  if (!contexts.includes(context)) {
    const allowed = contexts.length > 0 ? `one of its contexts ${contexts.join(", ")}` : "no context, as it has none";
    throw new pulumi.RunError(
      `mesh:existing.context is ${JSON.stringify(context)}, which mesh:existing.kubeconfig does not have; allowed: ${allowed}`,
    );
  }
  const server = contextServer(kubeconfig, context);
  if (server) return server;
  throw new pulumi.RunError(
    `mesh:existing.context is ${JSON.stringify(context)}, which names no cluster with a server; allowed: a context that does`,
  );
}
