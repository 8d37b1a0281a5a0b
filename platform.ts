import * as pulumi from "@pulumi/pulumi";
import { applications } from "./apps/index.ts";
import { Application } from "./components/app/Application.ts";
import { requireApplications } from "./components/app/check.ts";
import { routesOf } from "./components/app/routes.ts";
import type { ApplicationSpec } from "./components/app/spec.ts";
import { createCertificates, secretName } from "./components/certificates/createCertificates.ts";
import { IstioGateway } from "./components/gateway/IstioGateway.ts";
import { IstioRoutes } from "./components/gateway/IstioRoutes.ts";
import { Kong } from "./components/gateway/kong/Kong.ts";
import { KongRoutes } from "./components/gateway/kong/KongRoutes.ts";
import { IstioPolicies } from "./components/gateway/policies/IstioPolicies.ts";
import type { GatewayName } from "./components/gateway/route.ts";
import { Istio } from "./components/mesh/Istio.ts";
import { CallGraph, type MatrixRow } from "./components/security/CallGraph.ts";
import { GatewayNetwork } from "./components/security/GatewayNetwork.ts";
import type { Config } from "./config.ts";
import { resolveGateways } from "./stacks/gateways.ts";
import { resolveSources } from "./stacks/sources.ts";
import type { Target } from "./stacks/Target.ts";

/** What there is to know of a platform from outside. */
export interface Platform {
  /** Where each gateway is reached over HTTP, and over HTTPS. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  /** Whoever trusts it (PEM) trusts the gateways' certificate; undefined where a public authority signs it. */
  readonly authority: pulumi.Output<string> | undefined;
  /** Secrets, by consumer. */
  readonly apiKeys: Readonly<Record<string, pulumi.Output<string>>>;
  /** Every pair of workloads, and whether one may call the other. */
  readonly matrix: readonly MatrixRow[];
}

/**
 * The applications of a stack, as data. A cluster is registered only after they are judged.
 *
 * @throws ApplicationError with everything that is wrong with them.
 */
export function plannedApplications(config: Config): readonly ApplicationSpec[] {
  const specs = applications(config, resolveSources(config).images);
  requireApplications(specs, resolveGateways(config).gateways);
  return specs;
}

/** Registers the platform on a target: the mesh, its gateways, the applications, and the gateways' routes to them. */
export function buildPlatform(target: Target, config: Config, specs = plannedApplications(config)): Platform {
  const { cluster, charts, images, gateways, exposure, replicas, storageClass } = target;
  const { provider } = cluster;
  const { tls } = config;

  const graph = new CallGraph(specs, gateways);
  const routes = specs.flatMap((spec) => routesOf(spec, gateways));

  const onCluster = { provider, dependsOn: [...cluster.ready] };
  const istio = new Istio("istio", { charts, ...config.istio, replicas: replicas.istiod }, onCluster);
  const certificates = createCertificates(
    "certificates",
    { tls, chart: charts.certManager, images, ...regionOf(config) },
    onCluster,
  );

  const inMesh = { provider, dependsOn: [...cluster.ready, ...istio.ready] };
  const { injection, podAnnotations } = istio;
  const shared = { injection, podAnnotations, tls, replicas: replicas.gateway };
  const ingress = gateways.includes("istio")
    ? new IstioGateway("ingress", { ...shared, chart: charts.gateway, exposure: exposure.istio, certificates }, inMesh)
    : undefined;
  const kong = gateways.includes("kong")
    ? new Kong(
        "kong",
        {
          ...shared,
          ...config.kong,
          replicas: config.kong.replicas ?? replicas.gateway,
          chart: charts.kong,
          images: kongImages(target),
          exposure: exposure.kong,
          routes,
        },
        inMesh,
      )
    : undefined;
  const mesh = { injection, podAnnotations };
  const apps = specs.map((spec) => new Application(spec.namespace, { spec, graph, routes, mesh, storageClass }, inMesh));

  // Routes come last: one to an application that is not there yet would be answered with an error.
  if (ingress) {
    const { namespace, selector, reference } = ingress;
    new GatewayNetwork("istio-network", { graph, gateway: "istio" }, { provider, dependsOn: ingress });
    const policies = new IstioPolicies("policies", { namespace, selector, routes }, { provider, dependsOn: ingress });
    const after = { provider, dependsOn: [ingress, policies, ...apps] };
    new IstioRoutes("routes", { gateway: reference, namespace, routes }, after);
  }
  let apiKeys: Platform["apiKeys"] = {};
  if (kong) {
    const { namespace } = kong;
    new GatewayNetwork(
      "kong-network",
      { graph, gateway: "kong", dials: portsOf(config.kong.log.url) },
      { provider, dependsOn: kong },
    );
    const certificate = certificates.issue("kong", namespace, { provider, dependsOn: kong });
    const after = { provider, dependsOn: [kong, ...certificate, ...apps] };
    apiKeys = new KongRoutes("kong-routes", { namespace, routes, tls: { ...tls, secretName } }, after).keys;
  }

  return { urls: urlsOf({ kong, istio: ingress }), authority: certificates.authority, apiKeys, matrix: graph.matrix() };
}

/** Where each gateway is reached; the one that comes first is the one to begin with. */
function urlsOf(doors: Record<GatewayName, Pick<Kong, "url" | "httpsUrl"> | undefined>): Platform["urls"] {
  const urls = Object.entries(doors).flatMap(([name, door]): [string, pulumi.Output<string>][] => {
    if (!door) return [];
    const https: [string, pulumi.Output<string>][] =
      door.httpsUrl === undefined ? [] : [[`${name}Https`, pulumi.output(door.httpsUrl)]];
    return [[name, door.url], ...https];
  });
  return Object.fromEntries(urls);
}

function kongImages({ images }: Target) {
  return { kong: images.kong, controller: images.kongController };
}

/** The number of the port that Kong sends its logs to. */
function portsOf(url: string | undefined): number[] {
  if (url === undefined) return [];
  const { port, protocol } = new URL(url);
  return [port === "" ? ({ "http:": 80, "https:": 443 }[protocol] ?? 443) : Number(port)];
}

/** Where the authority of public certificates finds the records of the hosts. */
function regionOf(config: Config): { region?: string } {
  return config.target === "eks" ? { region: config.eks.region } : {};
}
