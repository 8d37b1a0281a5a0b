import { type GatewayName, gatewayNames } from "../model/gateway.ts";
import { boolean, host, listOf, oneOf, strictObject, text, url } from "../model/rules.ts";

/** Names under which the gateways answer over HTTPS, and where their certificate comes from: `mesh:tls`. */
export const tls = strictObject({
  hosts: listOf(host(), "the full names of hosts", {
    least: 1,
    most: [100, "at most 100 hosts, as many as Let's Encrypt puts into one certificate"],
  }).exactOptional(),
  issuer: oneOf("self-signed", "ca", "acme").exactOptional(),
  email: text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address, for what the certificate authority has to tell").exactOptional(),
  hostedZone: text(/^Z[A-Z0-9]{5,31}$/, "the id of a hosted zone of Route 53, such as Z0123456789ABCDEFGHIJ").exactOptional(),
  server: url(["https"], "https://acme-v02.api.letsencrypt.org/directory").exactOptional(),
  plaintext: boolean().exactOptional(),
});

/** Who signs unless the stack says otherwise: cert-manager is not built here. */
export function defaultIssuer(sources: "built" | "published"): "self-signed" | "ca" {
  return sources === "built" ? "self-signed" : "ca";
}

/** Which gateways run: `mesh:gateway`. */
export const gateway = oneOf("kong", "istio", "both");

interface Asked {
  readonly sources: "built" | "published";
  readonly gateway: "kong" | "istio" | "both";
  readonly charts: { readonly kong?: { readonly path?: string; readonly repository?: string } };
  readonly images: { readonly registry?: string; readonly kong?: object; readonly kongController?: object };
}

/**
 * The gateways that a stack asks for and that can be had: Kong is not built here, so with sources `built` its chart and
 * images must come from elsewhere.
 */
export function availableGateways({ sources, gateway, charts, images }: Asked): GatewayName[] {
  const chart = charts.kong?.path ?? charts.kong?.repository;
  const pulled = images.registry !== undefined || (images.kong !== undefined && images.kongController !== undefined);
  const kong = sources === "published" || (chart !== undefined && pulled);
  const asked: readonly GatewayName[] = gateway === "both" ? gatewayNames : [gateway];
  return asked.filter((name) => name !== "kong" || kong);
}
