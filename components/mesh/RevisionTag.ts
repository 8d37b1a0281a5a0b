import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface RevisionTagArgs {
  /** What namespaces say in their label `istio.io/rev`. */
  readonly tag: string;
  /** The control plane it stands for. */
  readonly revision: string;
  /** Namespace of the control plane. */
  readonly namespace: string;
}

/**
 * A name that stands for a revision of the control plane: the injector that namespaces with this label use.
 *
 * Istio's chart can make it too, but as a part of one release, which the release of the next revision may not take over;
 * dropped by the one before the other has it, pods would start without a sidecar. As an object of its own it moves in one step.
 *
 * @see https://istio.io/latest/docs/setup/upgrade/canary/#stable-revision-labels
 */
export class RevisionTag extends pulumi.ComponentResource {
  constructor(name: string, { tag, revision, namespace }: RevisionTagArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:mesh:RevisionTag", name, {}, opts);
    const service = { name: `istiod-${revision}`, namespace, path: "/inject", port: 443 };
    const webhook = (prefix: string, byNamespace: Requirement[], byPod: Requirement[]) => ({
      name: `${prefix}.sidecar-injector.istio.io`,
      clientConfig: { service },
      rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
      namespaceSelector: { matchExpressions: [...byNamespace, without("istio-injection")] },
      objectSelector: { matchExpressions: [notRefusing, ...byPod] },
      sideEffects: "None",
      failurePolicy: "Fail",
      reinvocationPolicy: "Never",
      admissionReviewVersions: ["v1"],
    });
    const named = { key: "istio.io/rev", operator: "In", values: [tag] };
    new k8s.admissionregistration.v1.MutatingWebhookConfiguration(
      name,
      {
        // By this label istiod finds the webhooks whose certificate authority it fills in, and istioctl the tags.
        metadata: { name: `istio-revision-tag-${tag}`, labels: { "istio.io/tag": tag, "istio.io/rev": revision, ...labels } },
        webhooks: [webhook("rev.namespace", [named], []), webhook("rev.object", [without("istio.io/rev")], [named])],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

type Requirement = k8s.types.input.meta.v1.LabelSelectorRequirement;

const labels = { app: "sidecar-injector" };
const notRefusing: Requirement = { key: "sidecar.istio.io/inject", operator: "NotIn", values: ["false"] };
const without = (key: string): Requirement => ({ key, operator: "DoesNotExist" });
