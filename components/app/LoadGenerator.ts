import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LoadGeneratorSpec } from "../../model/application.ts";
import { anyUser } from "../../model/container.ts";
import { imageName } from "../../model/image.ts";
import { restrictedContainer, restrictedPod } from "../support/restricted.ts";

export interface LoadGeneratorArgs extends LoadGeneratorSpec {
  readonly namespace: pulumi.Input<string>;
  /** Annotations of the pod; a change restarts it. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/** Requests per second that one connection carries with ease: a tenth of a second for each. */
const perConnection = 10;
/** Seconds after which a request that is not answered counts as failed: longer than the mesh tries. */
const timeout = 10;

/**
 * Steady load on one service, for as long as it is there. Failures are counted and change nothing: what was not asked in time
 * is left out instead of caught up with, so that a target that comes back is not met by a flood.
 */
export class LoadGenerator extends pulumi.ComponentResource {
  constructor(name: string, args: LoadGeneratorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:LoadGenerator", name, {}, opts);
    const child = { parent: this };
    const labels = { app: args.name };
    const metadata = { name: args.name, namespace: args.namespace, labels };

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const { podAnnotations: annotations } = args;
    const template = {
      metadata: { labels, ...(annotations && { annotations }) },
      spec: podSpec(args, account.metadata.name),
    };
    // Never two at once: that would be twice the load.
    const strategy = { type: "Recreate" };
    const spec = { replicas: 1, selector: { matchLabels: labels }, strategy, template };
    new k8s.apps.v1.Deployment(name, { metadata, spec }, child);

    this.registerOutputs();
  }
}

function podSpec({ name, image, qps, url }: LoadGeneratorArgs, account: pulumi.Input<string>): k8s.types.input.core.v1.PodSpec {
  const connections = Math.min(16, Math.ceil(qps / perConnection));
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 5,
    securityContext: restrictedPod(anyUser),
    containers: [
      {
        name,
        image: imageName(image),
        imagePullPolicy: "IfNotPresent",
        args: [
          "load",
          "-quiet",
          // Without an end. When it ends nevertheless it is started again.
          ...["-t", "0"],
          ...["-qps", `${qps}`],
          ...["-c", `${connections}`],
          ...["-timeout", `${timeout}s`],
          "-nocatchup",
          "-allow-initial-errors",
          // Asks for the address anew with each connection; the fast client keeps the first one for good.
          "-stdclient",
          url,
        ],
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
        securityContext: restrictedContainer,
      },
    ],
  };
}
