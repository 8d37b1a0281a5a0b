import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { nameOf } from "../../../model/names.ts";
import type { Route } from "../../../model/route.ts";
import { withFormerName } from "../../support/formerName.ts";
import type { Backend } from "../gateway.ts";
import { requireSupported } from "../requireSupported.ts";
import { type Entry, ingressAnnotations } from "./annotations.ts";
import { createConsumers } from "./consumers.ts";
import { kongFacts } from "./facts.ts";
import { pathsOf } from "./paths.ts";
import { pluginsOf } from "./plugins.ts";
import { ingressClass, kongPlugin } from "./resources.ts";

export interface KongRoutesArgs {
  /** Namespace of Kong. */
  readonly namespace: string;
  /** The route table; rows that are not for Kong are left out. */
  readonly routes: readonly Route[];
  readonly tls: KongTls;
  /** What to wait for, by the service's namespace and name with a slash between. @default nothing */
  readonly backends?: ReadonlyMap<string, Backend>;
}

/** How HTTPS is served. Over HTTP its hosts redirect to it; see `requestFunctions`. */
export interface KongTls extends GatewayTls {
  /** The Secret with their certificate, in Kong's namespace. A new certificate in it is served without a restart. */
  readonly secretName: string;
}

/**
 * The route table of Kong: for each row an Ingress in the service's own namespace, with the plugins that hold its policies
 * and whoever they let in. It must follow Kong, which brings the kinds of these objects.
 *
 * @throws Error with all options that Kong cannot honour.
 */
export class KongRoutes extends pulumi.ComponentResource {
  /** The key of each consumer of any service; secrets. */
  readonly keys: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(
    name: string,
    { namespace, routes, tls, backends = new Map() }: KongRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const offered = routes.filter(({ gateways }) => gateways.includes(kongFacts.name));
    requireSupported(kongFacts, offered);
    super("mesh:gateway:KongRoutes", name, {}, opts);

    const child = { parent: this };
    const services = offered.map(({ service }) => service);
    const consumers = createConsumers(name, offered, namespace, child);
    this.keys = consumers.keys;
    for (const route of offered) {
      const backend = backends.get(nameOf(route.service));
      // A plugin that looks for keys by their kid would find none that is not there yet.
      const known = { parent: this, dependsOn: [...consumers.known, ...(backend ? [backend.namespace] : [])] };
      const named: Named = (suffix, opts) => [
        `${name}-${route.service.namespace}-${route.service.name}${suffix}`,
        withFormerName(opts, `${name}-${route.service.name}${suffix}`, route.service, services),
      ];
      const plugins = addPlugins(named, route, known);
      // An Ingress that names a plugin which is not there yet would let everybody in.
      const before = [...consumers.known, ...plugins.resources, ...(backend ? [backend.service] : [])];
      const guarded = { parent: this, dependsOn: before };
      addIngresses(named, route, tls, plugins.names, guarded);
    }
    // No service has a dot in its name.
    addCertificate(`${name}.tls`, namespace, tls, child);

    this.registerOutputs();
  }
}

/** The name of a service's resource, and its options. */
type Named = <O extends pulumi.ResourceOptions>(suffix: string, opts: O) => [name: string, opts: O];

function addPlugins(named: Named, route: Route, opts: pulumi.CustomResourceOptions) {
  const { service } = route;
  const added = pluginsOf(route).map((plugin) => {
    const place = { name: `${service.name}.${plugin.plugin}`, namespace: service.namespace };
    const [name, own] = named(`-${plugin.plugin}`, opts);
    return { name: place.name, resource: kongPlugin(name, place, plugin, own) };
  });
  return { names: added.map((plugin) => plugin.name), resources: added.map((plugin) => plugin.resource) };
}

/** Kong prefers a route with a host to one without, so the hosts of TLS have routes of their own where others are served otherwise. */
function addIngresses(
  named: Named,
  route: Route,
  { hosts, plaintext }: GatewayTls,
  plugins: readonly string[],
  opts: pulumi.CustomResourceOptions,
): void {
  const { service } = route;
  const http = { paths: pathsOf(route).map((path) => ({ ...path, backend: backendOf(service) })) };
  const add = (suffix: string, entry: Entry, rules: k8s.types.input.networking.v1.IngressRule[]) => {
    const annotations = ingressAnnotations(entry, service, plugins);
    const metadata = { name: `${service.name}${suffix}`, namespace: service.namespace, annotations };
    const [name, own] = named(suffix, opts);
    new k8s.networking.v1.Ingress(name, { metadata, spec: { ingressClassName: ingressClass, rules } }, own);
  };
  add("", plaintext ? "any" : "https", [{ http }]);
  if (plaintext) {
    const rules = hosts.map((host) => ({ host, http }));
    add(".https", "https", rules);
  }
}

function backendOf({ name, port }: Route["service"]): k8s.types.input.networking.v1.IngressBackend {
  return { service: { name, port: { number: port } } };
}

/** The certificate alone: an Ingress can only name a Secret beside it, and this one is no service's. */
function addCertificate(
  name: string,
  namespace: string,
  { hosts, secretName }: KongTls,
  opts: pulumi.CustomResourceOptions,
): void {
  const spec = {
    ingressClassName: ingressClass,
    tls: [{ hosts: [...hosts], secretName }],
    rules: hosts.map((host) => ({ host })),
  };
  new k8s.networking.v1.Ingress(name, { metadata: { name: "tls", namespace }, spec }, opts);
}
