import * as pulumi from "@pulumi/pulumi";
import { productPath } from "./apps/product.ts";
import { UserError } from "./cli/support/errors.ts";
import { parseConfig } from "./config.ts";
import { buildPlatform, noticesOf, plannedApplications } from "./platform.ts";
import { resolveTarget } from "./stacks/index.ts";

const { target, platform, notices } = await run();
for (const notice of notices) pulumi.log.info(notice);

const [first = pulumi.output("")] = Object.values(platform.urls);
export const url = pulumi.interpolate`${first}${productPath}`;
export const { urls, authority, matrix } = platform;
export const apiKeys = pulumi.secret(platform.apiKeys);
export const { context, kubeconfig } = target.cluster;
export const { networkPolicies } = target;
export const tryNext = [
  pulumi.interpolate`curl -i ${url}`,
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
    return { target, platform: buildPlatform(target, config, applications), notices: noticesOf(target, applications) };
  } catch (error) {
    // Its message is all there is to know; a stack trace would hide it.
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
}
