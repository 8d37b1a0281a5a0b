import * as pulumi from "@pulumi/pulumi";
import { applications } from "./apps/index.ts";
import { Application, type MeshMembership } from "./components/app/Application.ts";
import type { Certificates } from "./components/certificates/certificates.ts";
import { createCertificates } from "./components/certificates/createCertificates.ts";
import { IstioGateway } from "./components/gateway/istio/IstioGateway.ts";
import { IstioPolicies } from "./components/gateway/istio/IstioPolicies.ts";
import { IstioRoutes } from "./components/gateway/istio/IstioRoutes.ts";
import { Kong } from "./components/gateway/kong/Kong.ts";
import { KongRoutes } from "./components/gateway/kong/KongRoutes.ts";
import { Istio } from "./components/mesh/Istio.ts";
import { GatewayNetwork } from "./components/security/GatewayNetwork.ts";
import type { Surroundings } from "./components/security/network.ts";
import { namedOnce } from "./components/support/replacement.ts";
import type { Config } from "./config.ts";
import { CallGraph, type Matrix } from "./model/callGraph.ts";
import { placesByAddress, requireApplications } from "./model/checks/check.ts";
import { defaultRetriedBytes } from "./model/resilience.ts";
import type { GatewayName, Route } from "./model/route.ts";
import { routesOf } from "./model/routes.ts";
import type { ApplicationSpec } from "./model/spec.ts";
import { resolveGateways } from "./stacks/gateways.ts";
import { resolveSources } from "./stacks/sources.ts";
import type { Target } from "./stacks/Target.ts";

/** What there is to know of a platform from outside. */
export interface Platform {
  /** Where each gateway is reached over HTTP, and over HTTPS. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  /** The same without scheme, name and port: where the gateway listens, whatever its hosts lead to. */
  readonly addresses: Readonly<Record<string, pulumi.Output<string>>>;
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
  const { gateways } = resolveGateways(config);
  const callerAddresses = config.target === "existing" ? config.existing.callerAddresses : "kept";
  requireApplications(specs, gateways, { callerAddresses, stripHeaders: config.edge.stripHeaders });
  return specs;
}

/** What whoever deploys these applications there should know, one sentence each. */
export function noticesOf(target: Pick<Target, "notices" | "callerAddresses">, specs: readonly ApplicationSpec[]): string[] {
  const judging = target.callerAddresses === "lost" ? placesByAddress(specs) : [];
  const lost = judging.map(
    (place) =>
      `${place} judges one address alone: on this cluster every caller has that of the nodes' bridge. It judges callers on eks, and on existing where mesh:existing.callerAddresses is kept.`,
  );
  return [...target.notices, ...lost];
}

/** Registers the platform on a target: the mesh, its gateways, the applications, and the gateways' routes to them. */
export function buildPlatform(target: Target, config: Config, specs = plannedApplications(config)): Platform {
  const { cluster, charts, images, gateways, replicas, storageClass, platform } = target;
  const inCluster = onCluster(cluster);
  const graph = new CallGraph(specs, gateways);
  const routes = specs.flatMap((spec) => routesOf(spec, gateways));

  const onReady = { ...inCluster, dependsOn: [...cluster.ready] };
  const istio = new Istio("istio", { charts, ...config.istio, platform, replicas: replicas.istiod }, onReady);
  const issuing = { tls: config.tls, chart: charts.certManager, images, ...regionOf(config) };
  const certificates = createCertificates("certificates", issuing, onReady);

  const { injection, podAnnotations } = istio;
  const mesh = { injection, podAnnotations };
  const inMesh = { ...inCluster, dependsOn: [...cluster.ready, ...istio.ready] };
  // Both gateways and all applications start side by side.
  const surroundings = { ...target.surroundings, scrapers: config.monitoring.scrapers };
  const parts: Parts = { target, config, mesh, certificates, graph, routes, surroundings };
  const ingress = gateways.includes("istio") ? openIstio(parts, inMesh) : undefined;
  const kong = gateways.includes("kong") ? openKong(parts, inMesh) : undefined;
  const apps = specs.map(
    (spec) => new Application(spec.namespace, { spec, graph, routes, mesh, surroundings, storageClass }, inMesh),
  );
  const apiKeys = kong?.route(apps) ?? {};

  const urls = { ...kong?.urls, ...ingress?.urls };
  const addresses = { ...(kong && { kong: kong.address }), ...(ingress && { istio: ingress.address }) };
  return { urls, addresses, authority: certificates.authority, apiKeys, matrix: graph.matrix() };
}

/** Options of all that is in a cluster. */
function onCluster({ provider }: Target["cluster"]) {
  return { provider, transformations: [namedOnce] };
}

/** What the gateways are made of. */
interface Parts {
  readonly target: Target;
  readonly config: Config;
  readonly mesh: MeshMembership;
  readonly certificates: Certificates;
  readonly graph: CallGraph;
  readonly routes: readonly Route[];
  readonly surroundings: Surroundings;
}

/** Istio's gateway, and what lets requests in through it. */
function openIstio(
  { target, config, mesh, certificates, graph, routes, surroundings }: Parts,
  opts: pulumi.ComponentResourceOptions,
) {
  const { cluster, charts, exposure, replicas } = target;
  const inCluster = onCluster(cluster);
  const args = { ...mesh, chart: charts.gateway, exposure: exposure.istio, replicas: replicas.gateway, tls: config.tls };
  const { stripHeaders, trustedProxies } = config.edge;
  // One proxy, and one bound: that of the service which has the largest.
  const retriedBytes = Math.max(defaultRetriedBytes, ...routes.map((route) => route.retriedBytes ?? 0));
  const held = { bounds: config.istioGateway, retriedBytes };
  const believing = trustedProxies !== undefined;
  const ingress = new IstioGateway("ingress", { ...args, certificates, ...held, trustedProxies: believing }, opts);
  const { namespace, selector, reference, behindProxies } = ingress;
  new GatewayNetwork("istio-network", { graph, gateway: "istio", surroundings }, { ...inCluster, dependsOn: ingress });
  // Whatever holds the proxies up, what they demand is put right. Their namespace waits for the mesh.
  const placed = { ...inCluster, dependsOn: ingress.place };
  const policies = new IstioPolicies("policies", { namespace, selector, routes, stripHeaders, trustedProxies }, placed);
  // No path is open before its policies are there. One opens when the service's own rules are, which the table names, and one that is
  // taken away closes whatever the applications wait for.
  const after = { ...inCluster, dependsOn: [ingress, policies] };
  new IstioRoutes("routes", { gateway: reference, behindProxies, namespace, routes }, after);
  return { urls: urlsOf("istio", ingress), address: ingress.address };
}

/** Kong, and what lets requests in through it once the applications are there. */
function openKong(
  { target, config, mesh, certificates, graph, routes, surroundings }: Parts,
  opts: pulumi.ComponentResourceOptions,
) {
  const { cluster, charts, images, exposure, replicas } = target;
  const inCluster = onCluster(cluster);
  const { replicas: count = replicas.gateway, ...plugins } = config.kong;
  const parts = { chart: charts.kong, images: { kong: images.kong, controller: images.kongController }, exposure: exposure.kong };
  const kong = new Kong(
    "kong",
    { ...mesh, ...parts, ...plugins, stripHeaders: config.edge.stripHeaders, replicas: count, routes, tls: config.tls },
    opts,
  );
  const { namespace } = kong;
  const behind = { ...inCluster, dependsOn: kong };
  new GatewayNetwork("kong-network", { graph, gateway: "kong", dials: portsOf(plugins.log.url), surroundings }, behind);
  const certificate = certificates.issue("kong", namespace, behind);
  return {
    urls: urlsOf("kong", kong),
    address: kong.address,
    /** Returns the keys of consumers. */
    route(apps: readonly Application[]): Platform["apiKeys"] {
      const after = { ...inCluster, dependsOn: [kong, ...certificate] };
      const tls = { ...config.tls, secretName: certificates.secretName };
      const backends = new Map(apps.flatMap((app) => [...app.backends]));
      return new KongRoutes("kong-routes", { namespace, routes, tls, backends }, after).keys;
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
