import * as pulumi from "@pulumi/pulumi";
import type { KongPlugins } from "../../../model/gatewaySettings.ts";
import type { Route } from "../../../model/route.ts";
import { customResource } from "../../support/customResource.ts";
import { helmRelease } from "../../support/helm.ts";
import { createNamespace } from "../../support/namespace.ts";
import type { GatewayArgs } from "../gateway.ts";
import { type Reached, reachedAt } from "../urls.ts";
import { kongFacts, release } from "./facts.ts";
import { globalPlugins } from "./global.ts";
import { requestFunctions } from "./requestFunctions.ts";
import { globalPlugin } from "./resources.ts";
import { kongScope, logEntry } from "./scope.ts";
import { type KongValuesArgs, kongValues } from "./values.ts";

/** The chart is kong/kong. */
export interface KongArgs extends GatewayArgs, KongPlugins {
  readonly images: KongValuesArgs["images"];
  /** What it is to offer; the proxies beside it are told of nothing else. */
  readonly routes: readonly Pick<Route, "gateways" | "service" | "name" | "policies">[];
  /** Headers that it removes besides `callerHeaders`. @default none */
  readonly stripHeaders?: readonly string[];
}

const { namespace } = kongFacts.account;
const proxyService = `${release}-kong-proxy`;

/**
 * Kong, the API gateway, and its ingress controller, inside the mesh: the proxy beside Kong follows the rules that a service's
 * team has for whoever calls it, such as weights, retries and ejection. What Kong does is said by objects (see `KongRoutes`);
 * it has no database, and its admin API is reachable in its own pod alone.
 */
export class Kong extends pulumi.ComponentResource {
  /** Namespace of Kong, and of what is Kong's and of no service. */
  readonly namespace = namespace;
  /** Where clients find it. */
  readonly reached: Reached;

  constructor(name: string, args: KongArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:gateway:Kong", name, {}, opts);
    const { chart, images, exposure, injection, podAnnotations = {}, replicas, routes, log, tls, stripHeaders } = args;

    const place = createNamespace(name, { namespace, podSecurity: "restricted", injection }, { parent: this });
    const inPlace = { parent: this, dependsOn: place };
    const scope = customResource(`${name}-scope`, kongScope(namespace, routes, log?.url), inPlace);
    const collector = logEntry(namespace, log?.url);
    if (collector) customResource(`${name}-log`, collector, inPlace);
    const grpc = routes.some(({ gateways, service }) => gateways.includes(kongFacts.name) && service.protocol === "grpc");
    const values = kongValues({ images, exposure, replicas, podAnnotations, grpc });
    const proxies = helmRelease(
      `${name}-proxies`,
      { source: chart, release, namespace: place.metadata.name, values, skipCrds: true },
      { parent: this, dependsOn: scope },
    );
    // The release brings their kind, and the controller that lets them go.
    const after = { parent: this, dependsOn: proxies };
    const functions = requestFunctions({ tls, httpsPort: exposure.ports.https, stripHeaders, routes });
    for (const plugin of [functions, ...globalPlugins(args)]) globalPlugin(`${name}-${plugin.plugin}`, plugin, after);

    this.reached = reachedAt(name, exposure, tls, { release: proxies, service: proxyService }, { parent: this });
    this.registerOutputs({ ...this.reached });
  }
}
