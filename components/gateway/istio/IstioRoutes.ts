import { type IVirtualService, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import type { Redirect } from "../../../model/exposed.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { isBelow } from "../../../model/hosts.ts";
import type { Route } from "../../../model/route.ts";
import { type Row, type Table, tablesOf } from "../../../model/routeTable.ts";
import { customResource } from "../../support/customResource.ts";
import { httpsAuthority } from "../urls.ts";
import { istioFacts } from "./facts.ts";
import { usedHttps } from "./redirects.ts";

export interface IstioRoutesArgs {
  /** The Gateway, as `namespace/name`. */
  readonly gateway: string;
  /** The Gateway that redirects to HTTPS what has not used it already, as a trusted proxy says. @default none */
  readonly behindProxies?: string | undefined;
  /** Namespace of the table: the gateway's, as it is nobody else's. */
  readonly namespace: string;
  readonly tls: GatewayTls;
  /** The port that clients use for HTTPS. */
  readonly httpsPort: number;
  /** Those that are not for this gateway are left out. */
  readonly routes: readonly Route[];
}

/**
 * The route table of a gateway: a VirtualService that says which path is whose and leaves the rest, such as versions and retries, to
 * the VirtualService of each exposure. One for all hosts, because two on one host merge in undefined order; where routes name hosts,
 * one for all hosts with the same routes, and none has a host that another one has.
 */
export class IstioRoutes extends pulumi.ComponentResource {
  constructor(name: string, args: IstioRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:gateway:IstioRoutes", name, {}, opts);
    const { routes, tls } = args;
    const offered = routes.filter(({ gateways }) => gateways.includes(istioFacts.name));
    const tables = tablesOf(offered, tls);
    const named = tables.flatMap((table) => {
      const [first] = table.hosts?.toSorted() ?? [];
      return first === undefined ? [] : [this.add(`${name}-${first}`, `routes.${nameOf(first)}`, table, args, ports.https)];
    });
    const forAll = tables.find(({ hosts }) => !hosts);
    // Over HTTPS it would have the hosts of the others too. And it is of fewer than all only when the others are there.
    if (forAll) this.add(name, "routes", forAll, args, named.length > 0 ? ports.http : undefined, named);
    this.registerOutputs();
  }

  /** @param port - the only one that is meant. @default all */
  private add(
    name: string,
    object: string,
    { hosts = ["*"], rows }: Table,
    { gateway, behindProxies, namespace, tls, httpsPort }: IstioRoutesArgs,
    port?: number,
    dependsOn: pulumi.Resource[] = [],
  ): pulumi.Resource {
    // Behind proxies every host is one of TLS, or there is one table for all.
    const behind = port === ports.http ? undefined : behindProxies;
    const gateways = behind === undefined ? [gateway] : [gateway, behind];
    const entries: Entry[] = [
      { ...(behind !== undefined && { gateways: [gateway] }), ...(port !== undefined && { port }) },
      ...(behind === undefined ? [] : [{ gateways: [behind], headers: usedHttps }]),
    ];
    const authority = (host: string) => httpsAuthority(host, tls.hosts, httpsPort);
    const spec = { hosts: [...hosts], gateways, http: rows.map((row) => rule(row, entries, authority)) };
    const table = new VirtualService({ metadata: { name: object, namespace }, spec });
    return customResource(name, table, { parent: this, dependsOn });
  }
}

/** The Gateway's own ports. */
const ports = { http: 80, https: 443 } as const;

/** A host as a part of an object's name. */
const nameOf = (host: string) => (isBelow(host) ? `below${host.slice(1)}` : `of.${host}`);

type Rule = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];
type Match = NonNullable<Rule["match"]>[number];
/** How requests come in. */
type Entry = Pick<Match, "gateways" | "port" | "headers">;

/** All rows of an exposure go to the same rules, which tell its versions by the path: each of those must lie within one row. */
function rule(row: Row, entries: readonly Entry[], authority: (host: string) => string): Rule {
  const { name, path, exact, methods, route } = row;
  // A bare prefix of /api/products would take /api/products-of-others too.
  const below = { uri: { prefix: `${path}/` } };
  const own = { uri: { exact: path } };
  const paths = exact ? [own] : path === "" ? [below] : [own, below];
  // Whatever else the rules of an exposure say of the method holds besides.
  const told = methods && { ":method": { regex: methods.join("|") } };
  const match = paths.flatMap((uri) =>
    entries.map((entry) => ({ ...uri, ...entry, ...((told || entry.headers) && { headers: { ...told, ...entry.headers } }) })),
  );
  const { delegate, redirect } = route;
  return { name, match, ...(redirect ? { redirect: redirected(redirect, authority) } : { delegate: { ...delegate } }) };
}

function redirected({ path, host, code }: Redirect, authority: (host: string) => string): NonNullable<Rule["redirect"]> {
  return {
    ...(path !== undefined && { uri: path }),
    ...(host !== undefined && { scheme: "https", authority: authority(host) }),
    redirectCode: code,
  };
}
