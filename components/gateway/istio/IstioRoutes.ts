import { type IVirtualService, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import type { Route } from "../../../model/route.ts";
import { customResource } from "../../support/customResource.ts";
import { type Row, tableOf } from "../routeTable.ts";
import { istioFacts } from "./facts.ts";
import { usedHttps } from "./redirects.ts";

export interface IstioRoutesArgs {
  /** The Gateway, as `namespace/name`. */
  readonly gateway: string;
  /** The Gateway that redirects to HTTPS what has not used it already, as a trusted proxy says. @default none */
  readonly behindProxies?: string | undefined;
  /** Namespace of the table: the gateway's, as it is nobody else's. */
  readonly namespace: string;
  /** Those that are not for this gateway are left out. */
  readonly routes: readonly Route[];
}

/**
 * The route table of a gateway: one VirtualService that says which path is whose and leaves the rest, such as versions
 * and retries, to the VirtualService of each service. One table, because two on one host merge in undefined order.
 */
export class IstioRoutes extends pulumi.ComponentResource {
  constructor(
    name: string,
    { gateway, behindProxies, namespace, routes }: IstioRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:gateway:IstioRoutes", name, {}, opts);
    const table = tableOf(routes.filter(({ gateways }) => gateways.includes(istioFacts.name)));
    const gateways = behindProxies === undefined ? [gateway] : [gateway, behindProxies];
    const spec = { hosts: ["*"], gateways, http: table.map((row) => rule(row, gateways)) };
    // One without rules is refused by Istio.
    if (table.length > 0)
      customResource(name, new VirtualService({ metadata: { name: "routes", namespace }, spec }), { parent: this });
    this.registerOutputs();
  }
}

type Rule = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];

/** All rows of a service go to the same rules, which tell its versions by the path: each of those must lie within one row. */
function rule({ name, path, route: { delegate } }: Row, [gateway = "", behindProxies]: readonly string[]): Rule {
  // A bare prefix of /api/products would take /api/products-of-others too.
  const below = { uri: { prefix: `${path}/` } };
  const own = path === "" ? [below] : [{ uri: { exact: path } }, below];
  const match =
    behindProxies === undefined
      ? own
      : own.flatMap((one) => [
          { ...one, gateways: [gateway] },
          { ...one, gateways: [behindProxies], headers: usedHttps },
        ]);
  return { name, match, delegate: { ...delegate } };
}
