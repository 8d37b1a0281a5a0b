import type { OfferedPolicies, UnsupportedPolicy } from "../../../model/gateway.ts";
import type { JsonWebKey } from "../../../model/jsonWebKey.ts";
import type { RoutePolicies } from "../../../model/policies.ts";

/** What Kong does not support of a service's policies. */
export function unsupportedByKong({ jwt, apiKeys }: RoutePolicies): UnsupportedPolicy[] {
  return [
    ...(jwt?.audiences ? [{ option: ["jwt", "audiences"], allowed: "none" }] : []),
    ...(jwt ? unsupportedKeys(jwt.keys) : []),
    // Kong tells who calls by one credential.
    ...(jwt && apiKeys ? [{ option: ["jwt"], allowed: "jwt or apiKeys" }] : []),
  ];
}

/** A token tells which of several keys it is signed with by their `kid` alone. */
function unsupportedKeys(keys: readonly JsonWebKey[]): UnsupportedPolicy[] {
  const ids = keys.map(({ kid }) => kid);
  return keys.flatMap((key, index) => {
    const problem = { option: ["jwt", "keys", index] };
    if (keys.length > 1 && (typeof key.kid !== "string" || key.kid === ""))
      return [{ ...problem, allowed: "a kid for each of several keys" }];
    if (key.kid && ids.indexOf(key.kid) !== index) return [{ ...problem, allowed: "another kid for each of several keys" }];
    return [];
  });
}

/** Issuers with several keys of which one has the `kid` of another issuer's: Kong knows a key by that alone. */
export function sharedKeyIds<T extends OfferedPolicies>(services: readonly T[]): (UnsupportedPolicy & { readonly service: T })[] {
  const known = new Map<string, string>();
  return services.flatMap((service) => {
    const { issuer = "", keys = [] } = service.policies.jwt ?? {};
    // The one key of an issuer is known by the issuer's own name.
    const ids = keys.length > 1 ? keys.map(({ kid = "" }) => kid) : keys.map(() => issuer);
    return ids.flatMap((kid, index) => {
      const other = known.get(kid) ?? issuer;
      known.set(kid, other);
      if (other === issuer) return [];
      const allowed = `a key whose kid no other issuer has (${kid} is one of ${other})`;
      return [{ service, option: ["jwt", "keys", index], allowed }];
    });
  });
}
