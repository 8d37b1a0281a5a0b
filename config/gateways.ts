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
