import { type IVirtualService, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import { customResource } from "../support/customResource.ts";

/** One row of the route table: a path, and the rules of the team that answers below it. */
export interface Route {
  /** Requests for exactly this path, or anything below it. */
  readonly path: string;
  /** The VirtualService that decides about them further, in the service's own namespace. */
  readonly delegate: { readonly name: string; readonly namespace: string };
}

export interface IstioRoutesArgs {
  /** The Gateway, as `namespace/name`. */
  readonly gateway: string;
  /** Namespace of the table: the gateway's, as it is nobody else's. */
  readonly namespace: string;
  readonly routes: readonly Route[];
}

/**
 * The route table of a gateway: one VirtualService that says which path is whose and leaves the rest, such as versions
 * and retries, to the VirtualService of each service. One table, because two on one host merge in undefined order.
 */
export class IstioRoutes extends pulumi.ComponentResource {
  constructor(name: string, { gateway, namespace, routes }: IstioRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:gateway:IstioRoutes", name, {}, opts);
    const spec = { hosts: ["*"], gateways: [gateway], http: longestFirst(routes).map(row) };
    customResource(name, new VirtualService({ metadata: { name: "routes", namespace }, spec }), { parent: this });
    this.registerOutputs();
  }
}

type Row = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];

function row({ path, delegate }: Route): Row {
  const base = path.replace(/\/$/, "");
  // A bare prefix of /api/products would take /api/products-of-others too.
  const below = { uri: { prefix: `${base}/` } };
  return { name: delegate.name, match: base === "" ? [below] : [{ uri: { exact: base } }, below], delegate: { ...delegate } };
}

/** The first match wins, so what is more particular comes first. */
function longestFirst(routes: readonly Route[]): Route[] {
  return [...routes].sort((a, b) => b.path.length - a.path.length || a.path.localeCompare(b.path));
}
