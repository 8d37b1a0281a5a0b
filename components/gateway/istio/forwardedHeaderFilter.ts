import { callerHeaderPattern } from "../../../model/callerHeaders.ts";
import { extension, inFront, ofConnections, type Patch } from "../../support/envoyFilter.ts";

/**
 * Lets no service see what a caller from outside says in the name of a proxy: `callerHeaders` are removed before anything else
 * reads the request, a route's match included, and `x-forwarded-for` is the caller's address alone, as the gateway knows it.
 * `x-forwarded-proto` and `host` tell what the caller used.
 *
 * @param stripHeaders - what the stack adds to `callerHeaders`.
 * @param trustedProxies - how many proxies in front are believed. Here, and not where Istio has it for a pod: it changes with who may
 *   connect, without new pods.
 */
export function forwardedHeaderFilter(stripHeaders: readonly string[], trustedProxies = 0): Patch[] {
  // Envoy itself reads these two, and writes them: what it makes of them depends on how many proxies it trusts.
  const regex = callerHeaderPattern(stripHeaders, ["x-forwarded-for", "x-forwarded-proto"]);
  const forged = { remove_on_match: { key_matcher: { safe_regex: { regex } } } };
  const early = "http.early_header_mutation.header_mutation.v3.HeaderMutation";
  const mutation = { name: "mesh.caller-headers", typed_config: { ...extension(early), mutations: [forged] } };
  const address = { key: "x-forwarded-for", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" };
  const known = { append: { header: address, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } };
  return [
    // A host is the same with the dot at its end that DNS knows, and so are its routes.
    ofConnections({
      ...(trustedProxies > 0 && { xff_num_trusted_hops: trustedProxies }),
      early_header_mutation_extensions: [mutation],
      strip_trailing_host_dot: true,
    }),
    inFront("mesh.trustworthy-headers", {
      ...extension("filters.http.header_mutation.v3.HeaderMutation"),
      // The same address once more, from Envoy: one header for it is enough to rely on.
      mutations: { request_mutations: [known, { remove: "x-envoy-external-address" }] },
    }),
  ];
}
