import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { nameOf } from "../../../model/names.ts";
import type { Route } from "../../../model/route.ts";
import { type Table, tablesOf } from "../../../model/routeTable.ts";
import type { Backend } from "../gateway.ts";
import { requireSupported } from "../requireSupported.ts";
import { type Entry, ingressAnnotations } from "./annotations.ts";
import { createConsumers } from "./consumers.ts";
import { kongFacts } from "./facts.ts";
import { methodsOf } from "./methods.ts";
import { type IngressPath, pathsOf } from "./paths.ts";
import { pluginsOf } from "./plugins.ts";
import type { RedirectTls } from "./redirectFunction.ts";
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
export interface KongTls extends GatewayTls, RedirectTls {
  /** The Secret with their certificate, in Kong's namespace. A new certificate in it is served without a restart. */
  readonly secretName: string;
}

/**
 * The route table of Kong: for each route an Ingress in the service's own namespace, with the plugins that hold its policies
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
    const consumers = createConsumers(name, offered, namespace, child);
    this.keys = consumers.keys;
    const tables = tablesOf(offered, tls);
    for (const route of offered) {
      const backend = backends.get(nameOf(route.service));
      // A plugin that looks for keys by their kid would find none that is not there yet.
      const known = { parent: this, dependsOn: [...consumers.known, ...(backend ? [backend.namespace] : [])] };
      const plugins = addPlugins(name, route, tls, known);
      // An Ingress that names a plugin which is not there yet would let everybody in.
      const before = [...consumers.known, ...plugins.resources, ...(backend ? [backend.service] : [])];
      const names = plugins.names;
      for (const ingress of ingressesOf(route, tables, tls)) {
        addIngress(name, route, { ...ingress, plugins: names }, { parent: this, dependsOn: before });
      }
    }
    // No service has a dot in its name.
    addCertificate(`${name}.tls`, namespace, tls, child);

    this.registerOutputs();
  }
}

/** No service and no exposure has a dot in its name. */
const nameIn = (table: string, { service, name }: Route) => `${table}-${service.namespace}-${service.name}.${name}`;

function addPlugins(table: string, route: Route, tls: RedirectTls, opts: pulumi.CustomResourceOptions) {
  const { service, name } = route;
  const added = pluginsOf(route, tls).map((plugin) => {
    const place = { name: `${service.name}.${name}.${plugin.plugin}`, namespace: service.namespace };
    return { name: place.name, resource: kongPlugin(`${nameIn(table, route)}.${plugin.plugin}`, place, plugin, opts) };
  });
  return { names: added.map((plugin) => plugin.name), resources: added.map((plugin) => plugin.resource) };
}

interface IngressRows {
  /** Tells it from the other Ingresses of the route. */
  readonly suffix: string;
  readonly entry: Entry;
  readonly rules: readonly Rule[];
  /** The only methods that are meant. @default all */
  readonly methods?: readonly string[];
}

interface Rule {
  /** @default every host */
  readonly host?: string;
  readonly paths: readonly IngressPath[];
}

/**
 * The Ingresses of a route. Kong prefers a route with a host to one without, so hosts of TLS have routes of their own where others are
 * served otherwise, and each has those of all hosts too.
 */
function ingressesOf(route: Route, tables: readonly Table[], { hosts, plaintext }: GatewayTls): IngressRows[] {
  // An Ingress says methods of all its rows.
  const ofRoute = tables.flatMap((table) => {
    const kinds = new Map<string, { readonly methods: readonly string[] | undefined; readonly paths: IngressPath[] }>();
    for (const row of table.rows.filter((one) => one.route === route)) {
      const methods = methodsOf(row, table, tables);
      const key = methods?.join() ?? "";
      kinds.set(key, { methods, paths: [...(kinds.get(key)?.paths ?? []), ...pathsOf(row, table.rows)] });
    }
    return [...kinds].map(([key, kind]) => ({ key, hosts: table.hosts, ...kind }));
  });
  const keys = [...new Set(ofRoute.map(({ key }) => key))];
  return keys.flatMap((key, index) => {
    const own = ofRoute.filter((one) => one.key === key);
    const [methods] = own.flatMap((one) => (one.methods ? [one.methods] : []));
    const forAll = own.filter((one) => !one.hosts).map(({ paths }): Rule => ({ paths }));
    const named = own.flatMap(({ hosts: some = tables.length === 1 && plaintext ? hosts : [], paths }) =>
      some.map((host): Rule => ({ host, paths })),
    );
    const part = index === 0 ? "" : `.${index + 1}`;
    const told = methods && { methods };
    return [
      ...(forAll.length > 0 ? [{ suffix: part, entry: plaintext ? "plain" : "https", rules: forAll, ...told } as const] : []),
      ...(named.length > 0 ? [{ suffix: `${part}.https`, entry: "https", rules: named, ...told } as const] : []),
    ];
  });
}

interface IngressArgs extends IngressRows {
  readonly plugins: readonly string[];
}

function addIngress(
  table: string,
  route: Route,
  { suffix, entry, rules, plugins, methods }: IngressArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const { service, name, stream = false } = route;
  const annotations = ingressAnnotations(entry, service, { plugins, stream, ...(methods && { methods }) });
  const metadata = { name: `${service.name}.${name}${suffix}`, namespace: service.namespace, annotations };
  const backend = backendOf(route);
  const spec = {
    ingressClassName: ingressClass,
    rules: rules.map(({ host, paths }) => ({
      ...(host !== undefined && { host }),
      http: { paths: paths.map((path) => ({ ...path, backend })) },
    })),
  };
  new k8s.networking.v1.Ingress(`${nameIn(table, route)}${suffix}`, { metadata, spec }, opts);
}

function backendOf({ service, entrance = service }: Route): k8s.types.input.networking.v1.IngressBackend {
  return { service: { name: entrance.name, port: { number: service.port } } };
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
