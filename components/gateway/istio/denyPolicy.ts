import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import { extension, inFront, type Patch } from "../../support/envoyFilter.ts";
import { proxyPorts } from "./facts.ts";

/** Where policies lie, and the pods they are for. */
export interface Place {
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];

/** The proxies' own ports, behind those of their Service. Without any, a denial would be one of every TCP connection too. */
const ports = Object.values(proxyPorts).map(String);

/** The name of both objects that hold the gateway's policies. */
export const policiesName = "gateway-policies";

const known = { namespace: "envoy.filters.http.mesh", key: "policies", value: "in-force" } as const;

/** Marks every request, for {@link denyPolicy} to see that the EnvoyFilter of this patch is there. */
export function markPatch(): Patch {
  const metadata = [{ metadata_namespace: known.namespace, value: { [known.key]: known.value } }];
  return inFront("mesh.policies-in-force", { ...extension("filters.http.set_metadata.v3.Config"), metadata });
}

/**
 * Who is refused at the gateway, whatever is asked for. It only refuses: whatever it does not name is as it was.
 *
 * @param trustedProxies - who else connects is refused: they could say any address of a caller. @default anybody may connect
 */
export function denyPolicy(trustedProxies: readonly string[], { namespace, selector }: Place): AuthorizationPolicy {
  const strangers = { from: [{ source: { notIpBlocks: [...trustedProxies] } }], to: [{ operation: { ports } }] };
  const rules = [unfiltered, ...(trustedProxies.length > 0 ? [strangers] : [])];
  return new AuthorizationPolicy({
    metadata: { name: policiesName, namespace },
    spec: { selector: { matchLabels: { ...selector } }, action: "DENY", rules },
  });
}

/** Everybody, while the EnvoyFilter is missing that judges requests. */
const unfiltered: Rule = {
  to: [{ operation: { ports } }],
  when: [{ key: `experimental.${known.namespace}[${known.key}]`, notValues: [known.value] }],
};
