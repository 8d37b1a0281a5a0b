import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { JobSpec } from "../../model/application.ts";
import { type ContainerProgram, defaultResources, type PodsArgs, podVariables, preparePods } from "./pods.ts";

export interface JobArgs
  extends Pick<JobSpec, "name" | "retries" | "seconds" | "schedule" | "timeZone">,
    Omit<PodsArgs, "programs"> {
  readonly program: ContainerProgram & Pick<JobSpec["program"], "resources">;
}

/** How many of a schedule's runs are kept to be looked at. */
const kept = { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 } as const;
/** How late a run may begin, in seconds, before it is left out: after a time without a control plane not all are caught up with. */
const mostDelay = 300;
/** Seconds until a Job that has had its time says so, with some patience. */
const reportingDelay = 60;

/**
 * A process that runs to its end, with an account of its own: once, which whoever depends on it waits for, or by a schedule. Another
 * program, variable or file makes it another job, which runs once more. The proxy beside it ends with it.
 */
export class Job extends pulumi.ComponentResource {
  constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Job", name, {}, opts);
    const { namespace, schedule, timeZone, program, retries, seconds } = args;
    const child = { parent: this };
    const labels = { app: args.name };
    const metadata = { name: args.name, namespace, labels };

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const pods = preparePods(name, { ...args, programs: [program] }, child);
    const container = { ...pods.container(args.name, program, podVariables), resources: program.resources ?? defaultResources };
    const template = {
      metadata: { labels },
      // Each try has a pod of its own, whose log tells what became of it.
      spec: { ...pods.spec(account.metadata.name, program, container), restartPolicy: "Never" },
    };
    const spec = { backoffLimit: retries, activeDeadlineSeconds: seconds, template };
    if (schedule === undefined) {
      // Kubernetes says that it has failed; Pulumi would by itself wait for ten minutes.
      const longest = { customTimeouts: { create: `${seconds + reportingDelay}s` } };
      new k8s.batch.v1.Job(name, { metadata: { namespace, labels }, spec }, { ...child, ...longest });
    } else {
      const jobTemplate = { metadata: { labels }, spec };
      const zone = timeZone === undefined ? {} : { timeZone };
      const runs = { schedule, ...zone, concurrencyPolicy: "Forbid", startingDeadlineSeconds: mostDelay, ...kept };
      new k8s.batch.v1.CronJob(name, { metadata, spec: { ...runs, jobTemplate } }, child);
    }

    this.registerOutputs();
  }
}
