import { Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1";
import { serviceHost } from "../../../model/names.ts";
import type { Route } from "../../../model/route.ts";
import { kongFacts } from "./facts.ts";

/**
 * What the proxies beside Kong know of the mesh: the services that Kong offers, and where it sends its log if that is in the
 * mesh. Anything else, such as the API server, which the controller asks, they let out as it is.
 *
 * @param log - URL of the log's endpoint, where there is one.
 */
export function kongScope(
  namespace: string,
  routes: readonly Pick<Route, "gateways" | "service">[],
  log: string | undefined,
): Sidecar {
  const offered = routes.filter(({ gateways }) => gateways.includes(kongFacts.name)).map(({ service }) => hostOf(service));
  const hosts = [...new Set([...offered, ...collector(log)])];
  return new Sidecar({
    metadata: { name: "kong", namespace },
    spec: {
      egress: [{ hosts: hosts.length > 0 ? hosts : ["~/*"] }],
      outboundTrafficPolicy: { mode: "ALLOW_ANY" },
    },
  });
}

function hostOf(service: { readonly name: string; readonly namespace: string }): string {
  return `${service.namespace}/${serviceHost(service)}`;
}

/** A service of the mesh refuses what does not come through a proxy that knows it. */
function collector(url: string | undefined): string[] {
  if (url === undefined) return [];
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.cluster\.local)?$/.exec(new URL(url).hostname) ?? [];
  return name === undefined || namespace === undefined ? [] : [hostOf({ name, namespace })];
}
