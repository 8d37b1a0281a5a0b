import * as pulumi from "@pulumi/pulumi";
import { applications } from "./apps/index.ts";
import { Application, type MeshMembership } from "./components/app/Application.ts";
import { requireApplications } from "./components/app/check.ts";
import { defaultRetriedBytes } from "./components/app/resilience.ts";
import { routesOf } from "./components/app/routes.ts";
import type { ApplicationSpec } from "./components/app/spec.ts";
import { type Certificates, secretName } from "./components/certificates/certificates.ts";
import { createCertificates } from "./components/certificates/createCertificates.ts";
import { IstioGateway } from "./components/gateway/IstioGateway.ts";
import { IstioRoutes } from "./components/gateway/IstioRoutes.ts";
import { Kong } from "./components/gateway/kong/Kong.ts";
import { KongRoutes } from "./components/gateway/kong/KongRoutes.ts";
import { IstioPolicies } from "./components/gateway/policies/IstioPolicies.ts";
import type { GatewayName, Route } from "./components/gateway/route.ts";
import { Istio } from "./components/mesh/Istio.ts";
import { CallGraph, type Matrix } from "./components/security/CallGraph.ts";
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
  /** Which workloads may call which others, and how. */
  readonly matrix: Matrix;
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
  const { cluster, charts, images, gateways, replicas, storageClass } = target;
  const { provider } = cluster;
  const graph = new CallGraph(specs, gateways);
  const routes = specs.flatMap((spec) => routesOf(spec, gateways));

  const onCluster = { provider, dependsOn: [...cluster.ready] };
  const istio = new Istio("istio", { charts, ...config.istio, replicas: replicas.istiod }, onCluster);
  const issuing = { tls: config.tls, chart: charts.certManager, images, ...regionOf(config) };
  const certificates = createCertificates("certificates", issuing, onCluster);

  const { injection, podAnnotations } = istio;
  const mesh = { injection, podAnnotations };
  const inMesh = { provider, dependsOn: [...cluster.ready, ...istio.ready] };
  // Both gateways and all applications start side by side. Routes come last: one to an application that is not there yet
  // would be answered with an error.
  const parts: Parts = { target, config, mesh, certificates, graph, routes };
  const ingress = gateways.includes("istio") ? openIstio(parts, inMesh) : undefined;
  const kong = gateways.includes("kong") ? openKong(parts, inMesh) : undefined;
  const apps = specs.map((spec) => new Application(spec.namespace, { spec, graph, routes, mesh, storageClass }, inMesh));
  ingress?.route(apps);
  const apiKeys = kong?.route(apps) ?? {};

  const urls = { ...kong?.urls, ...ingress?.urls };
  return { urls, authority: certificates.authority, apiKeys, matrix: graph.matrix() };
}

/** What the gateways are made of. */
interface Parts {
  readonly target: Target;
  readonly config: Config;
  readonly mesh: MeshMembership;
  readonly certificates: Certificates;
  readonly graph: CallGraph;
  readonly routes: readonly Route[];
}

/** Istio's gateway, and what lets requests in through it once the applications are there. */
function openIstio({ target, config, mesh, certificates, graph, routes }: Parts, opts: pulumi.ComponentResourceOptions) {
  const { cluster, charts, exposure, replicas } = target;
  const { provider } = cluster;
  const args = { ...mesh, chart: charts.gateway, exposure: exposure.istio, replicas: replicas.gateway, tls: config.tls };
  // One proxy, and one bound: that of the service which has the largest.
  const retriedBytes = Math.max(defaultRetriedBytes, ...routes.map((route) => route.retriedBytes ?? 0));
  const ingress = new IstioGateway("ingress", { ...args, certificates, bounds: config.istioGateway, retriedBytes }, opts);
  const { namespace, selector, reference } = ingress;
  const behind = { provider, dependsOn: ingress };
  new GatewayNetwork("istio-network", { graph, gateway: "istio" }, behind);
  const policies = new IstioPolicies("policies", { namespace, selector, routes }, behind);
  return {
    urls: urlsOf("istio", ingress),
    route(apps: readonly Application[]): void {
      // No path is open before its policies are there.
      const after = { provider, dependsOn: [ingress, policies, ...apps] };
      new IstioRoutes("routes", { gateway: reference, namespace, routes }, after);
    },
  };
}

/** Kong, and what lets requests in through it once the applications are there. */
function openKong({ target, config, mesh, certificates, graph, routes }: Parts, opts: pulumi.ComponentResourceOptions) {
  const { cluster, charts, images, exposure, replicas } = target;
  const { provider } = cluster;
  const { replicas: count = replicas.gateway, ...plugins } = config.kong;
  const parts = { chart: charts.kong, images: { kong: images.kong, controller: images.kongController }, exposure: exposure.kong };
  const kong = new Kong("kong", { ...mesh, ...parts, ...plugins, replicas: count, routes, tls: config.tls }, opts);
  const { namespace } = kong;
  const behind = { provider, dependsOn: kong };
  new GatewayNetwork("kong-network", { graph, gateway: "kong", dials: portsOf(plugins.log.url) }, behind);
  const certificate = certificates.issue("kong", namespace, behind);
  return {
    urls: urlsOf("kong", kong),
    /** Returns the keys of consumers. */
    route(apps: readonly Application[]): Platform["apiKeys"] {
      const after = { provider, dependsOn: [kong, ...certificate, ...apps] };
      return new KongRoutes("kong-routes", { namespace, routes, tls: { ...config.tls, secretName } }, after).keys;
    },
  };
}

/** Where a gateway is reached, under its name. */
function urlsOf(name: GatewayName, { url, httpsUrl }: Pick<Kong, "url" | "httpsUrl">): Platform["urls"] {
  return { [name]: url, ...(httpsUrl !== undefined && { [`${name}Https`]: pulumi.output(httpsUrl) }) };
}

/** The number of the port that Kong sends its logs to. */
function portsOf(url: string | undefined): number[] {
  if (url === undefined) return [];
  const { port, protocol } = new URL(url);
  return [Number(port || (protocol === "http:" ? 80 : 443))];
}

/** Where the authority of public certificates finds the records of the hosts. */
function regionOf(config: Config): { region?: string } {
  return config.target === "eks" ? { region: config.eks.region } : {};
}
