import process from "node:process";
import * as pulumi from "@pulumi/pulumi";
import { openOptions, RefusedError } from "./config.ts";
import { messageOf } from "./lib/messages.ts";
import { curlCommand, entryOf } from "./model/expectedAnswers.ts";
import { faultsOf } from "./model/requestRules.ts";
import { planStack } from "./plan.ts";
import { buildPlatform, noticesOf } from "./platform.ts";
import { resolveApplications } from "./stacks/images.ts";
import { resolveTarget } from "./stacks/index.ts";

const { target, platform, entry, notices, faults: inForce } = await run();
for (const notice of notices) pulumi.log.info(notice);

const offering = entry?.gateways ?? target.gateways;
const first = target.gateways.find((name) => offering.includes(name)) ?? "";
export const url = pulumi.interpolate`${platform.urls[first] ?? ""}${entry?.path ?? ""}`;
export const address = platform.addresses[first];
export const { urls, authority, matrix } = platform;
export const apiKeys = pulumi.secret(platform.apiKeys);
export const { context, kubeconfig } = target.cluster;
export const { networkPolicies } = target;
export const faults = inForce;
export const tryNext = [
  pulumi.all([url, address]).apply(([url, address]) => {
    const { policies = {}, methods = ["GET"] } = entry ?? {};
    return curlCommand({ url, address, authority: authority !== undefined, stack: pulumi.getStack(), policies, methods });
  }),
  `pulumi preview --diff --stack ${pulumi.getStack()}`,
  "kubectl get pods --all-namespaces --output wide",
  "istioctl proxy-status",
];

/** Registers everything, or ends with all that is wrong with the configuration or the applications. */
async function run() {
  try {
    // The keys of encrypted settings, as Pulumi's language host tells them.
    if ((process.env.PULUMI_CONFIG_SECRET_KEYS ?? "").includes('"mesh:apps"'))
      throw new RefusedError(pulumi.getStack(), [openOptions]);
    const plan = planStack(pulumi.runtime.allConfig(), pulumi.getStack());
    const applications = resolveApplications(plan.applications, plan.config);
    const target = await resolveTarget(plan.config, plan.applications);
    const platform = buildPlatform(target, plan.config, applications);
    const entry = entryOf(applications, plan.gateways, plan.config.tls);
    const notices = [...plan.notices, ...noticesOf(target, applications)];
    return { target, platform, entry, notices, faults: faultsOf(applications) };
  } catch (error) {
    const { RunError, ResourceError, InputPropertyError } = pulumi;
    if ([RunError, ResourceError, InputPropertyError].some((kind) => kind.isInstance(error))) throw error;
    // Its message is all there is to know; a stack trace would hide it.
    throw new RunError(messageOf(error));
  }
}
