import * as pulumi from "@pulumi/pulumi";
import { deployApplications } from "./components/app/Application.ts";
import { createCertificates } from "./components/certificates/createCertificates.ts";
import { gatewayFacts } from "./components/gateway/facts.ts";
import { gateways as implementations } from "./components/gateway/gateways.ts";
import { Istio } from "./components/mesh/Istio.ts";
import { namedOnce } from "./components/support/replacement.ts";
import type { Config } from "./config.ts";
import type { ApplicationSpec } from "./model/application.ts";
import { CallGraph, type Matrix } from "./model/callGraph.ts";
import { judgingAddresses } from "./model/checks/policies.ts";
import type { GatewayName } from "./model/gateway.ts";
import { nameOf } from "./model/names.ts";
import { type Route, routesOf } from "./model/route.ts";
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

/** What whoever deploys these applications there should know, one sentence each. */
export function noticesOf(
  target: Pick<Target, "notices" | "callerAddresses">,
  applications: readonly ApplicationSpec[],
): string[] {
  const judging = target.callerAddresses === "lost" ? judgingAddresses(applications) : [];
  const lost = judging.map(
    ({ service, path }) =>
      `${nameOf(service)} ${path.join(".")} judges one address alone: on this cluster every caller has that of the nodes' bridge. It judges callers on eks, and on existing where mesh:existing.callerAddresses is kept.`,
  );
  return [...target.notices, ...lost];
}

/** Registers the platform on a target: the mesh, its gateways, the applications, and the gateways' routes to them. */
export function buildPlatform(target: Target, config: Config, applications: readonly ApplicationSpec[]): Platform {
  const { cluster, charts, images, replicas, proxyCpu, storageClass, platform, dnsRegion } = target;
  const inCluster = { provider: cluster.provider, transformations: [namedOnce] };
  const graph = new CallGraph(
    applications,
    target.gateways.map((name) => gatewayFacts[name]),
  );
  const routes = applications.flatMap((application) => routesOf(application, target.gateways));

  const onReady = { ...inCluster, dependsOn: [...cluster.ready] };
  const istio = new Istio("istio", { charts, ...config.istio, platform, replicas: replicas.istiod, proxyCpu }, onReady);
  const issuing = { tls: config.tls, chart: charts.certManager, images, ...(dnsRegion !== undefined && { region: dnsRegion }) };
  const certificates = createCertificates("certificates", issuing, onReady);

  const { injection, podAnnotations } = istio;
  const mesh = { injection, podAnnotations };
  const inMesh = { ...inCluster, dependsOn: [...cluster.ready, ...istio.ready] };
  // The gateways and all applications start side by side.
  const surroundings = { ...target.surroundings, scrapers: config.monitoring.scrapers };
  const context = {
    charts,
    images,
    ...mesh,
    certificates,
    graph,
    routes,
    surroundings,
    proxyCpu,
    settings: config,
    inCluster,
    inMesh,
  };
  const gateways = target.gateways.map((name) => ({
    name,
    ...implementations[name].install({ ...context, exposure: target.exposure[name], replicas: replicas.gateway }),
  }));
  const annotations = (route: Route) => annotationsOf(route, target.gateways);
  const deployed = { graph, routes, mesh, surroundings, storageClass, annotations, settings: config.secrets };
  const backends = deployApplications(applications, deployed, inMesh);
  const keys = gateways.map((gateway) => gateway.attach(backends));

  const urls = gateways.map(({ name, url, httpsUrl }) => ({ [name]: url, [`${name}Https`]: pulumi.output(httpsUrl) }));
  return {
    urls: Object.assign({}, ...urls),
    addresses: Object.fromEntries(gateways.map(({ name, address }) => [name, address])),
    authority: certificates.authority,
    apiKeys: Object.assign({}, ...keys),
    matrix: graph.matrix(),
  };
}

/** Annotations of the Service of a route, from all gateways that offer it. */
function annotationsOf(route: Route, running: readonly GatewayName[]): Readonly<Record<string, string>> {
  const offering = running.filter((name) => route.gateways.includes(name));
  return Object.assign({}, ...offering.map((name) => implementations[name].serviceAnnotations?.(route) ?? {}));
}
