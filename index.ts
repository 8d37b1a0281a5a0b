import * as pulumi from "@pulumi/pulumi";
import { productPath } from "./apps/product.ts";
import { ConfigError, parseConfig } from "./config.ts";
import { buildPlatform } from "./platform.ts";
import { resolveTarget } from "./stacks/index.ts";

const config = readConfig();
const target = await resolveTarget(config);
buildPlatform(target, config);

export const url = `${target.exposure.istio.url}${productPath}`;
export const context = target.cluster.context;
export const kubeconfig = target.cluster.kubeconfig;
export const tryNext = [
  `curl -i ${url}`,
  "pulumi preview --diff",
  "kubectl --namespace product get pods --output wide",
  "istioctl proxy-status",
];

function readConfig() {
  try {
    return parseConfig(pulumi.runtime.allConfig(), pulumi.getStack());
  } catch (error) {
    // Its message is all there is to know; a stack trace would hide it.
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}
