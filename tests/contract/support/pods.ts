import type { Manifest } from "./manifests.ts";

interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly volumes?: readonly object[] };
}

interface Workload {
  readonly template?: PodTemplate;
  readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

const workloads = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]);

/** The pod that a workload's controller would make; none of an object that makes no pods. */
export function podOf({ kind, metadata, spec }: Manifest): Manifest[] {
  const { template, jobTemplate, volumeClaimTemplates = [] } = (spec ?? {}) as Workload;
  const pod = jobTemplate?.spec.template ?? template;
  if (!workloads.has(kind) || !pod) return [];
  const namespace = metadata.namespace ?? "default";
  const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumes = [...(pod.spec.volumes ?? []), ...claims];
  return [
    {
      ...{ apiVersion: "v1", kind: "Pod" },
      metadata: { ...pod.metadata, name: `${metadata.name}-pod`, namespace },
      spec: { ...pod.spec, ...(volumes.length > 0 && { volumes }) },
    },
  ];
}
