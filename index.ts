import * as pulumi from "@pulumi/pulumi";
import { productPath } from "./apps/product/index.ts";
import { parseConfig } from "./config.ts";
import { messageOf } from "./lib/messages.ts";
import { curlCommand } from "./model/expectedAnswers.ts";
import { buildPlatform, noticesOf, plannedApplications } from "./platform.ts";
import { resolveTarget } from "./stacks/index.ts";

const { target, platform, config, notices } = await run();
for (const notice of notices) pulumi.log.info(notice);

const { policies, methods, gateways = target.gateways } = config.product;
const first = target.gateways.find((name) => gateways.includes(name)) ?? "istio";
export const url = pulumi.interpolate`${platform.urls[first] ?? ""}${productPath}`;
export const address = platform.addresses[first];
export const { urls, authority, matrix } = platform;
export const apiKeys = pulumi.secret(platform.apiKeys);
export const { context, kubeconfig } = target.cluster;
export const { networkPolicies } = target;
export const tryNext = [
  pulumi
    .all([url, address])
    .apply(([url, address]) =>
      curlCommand({ url, address, authority: authority !== undefined, stack: pulumi.getStack(), policies, methods }),
    ),
  `pulumi preview --diff --stack ${pulumi.getStack()}`,
  "kubectl get pods --all-namespaces --output wide",
  "istioctl proxy-status",
];

/** Registers everything, or ends with all that is wrong with the configuration or the applications. */
async function run() {
  try {
    const config = parseConfig(pulumi.runtime.allConfig(), pulumi.getStack());
    const applications = plannedApplications(config);
    const target = await resolveTarget(config);
    const platform = buildPlatform(target, config, applications);
    return { target, config, platform, notices: noticesOf(target, applications) };
  } catch (error) {
    const { RunError, ResourceError, InputPropertyError } = pulumi;
    if ([RunError, ResourceError, InputPropertyError].some((kind) => kind.isInstance(error))) throw error;
    // Its message is all there is to know; a stack trace would hide it.
    throw new RunError(messageOf(error));
  }
}
