import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { KongRoutes, type KongTls } from "../../../components/gateway/kong/KongRoutes.ts";
import type { JsonWebKey } from "../../../model/jsonWebKey.ts";
import { delegateOf } from "../../../model/names.ts";
import type { RoutePolicies } from "../../../model/policies.ts";
import type { Protocol } from "../../../model/ports.ts";
import type { Route } from "../../../model/route.ts";
import { type RecordOptions, record } from "../../lib/mocks.ts";

/** A row of the route table as an application would ask for it. */
export function route({
  name = "product",
  exposure = "api",
  protocol = "http",
  policies = {} as RoutePolicies,
  ...changes
}: RouteChanges = {}): Route {
  return {
    name: exposure,
    path: "/api/products",
    service: { name, namespace: "team", port: 8080, protocol },
    versions: ["v1", "v2"],
    delegate: delegateOf(name, { name: exposure, isFirst: false }, "team"),
    timeout: "5s",
    gateways: ["kong", "istio"],
    policies,
    ...changes,
  };
}

interface RouteChanges extends Partial<Omit<Route, "name" | "service" | "delegate">> {
  /** The service's. */
  readonly name?: string;
  readonly exposure?: string;
  readonly protocol?: Protocol;
}

export const types = {
  ingress: "kubernetes:networking.k8s.io/v1:Ingress",
  plugin: "kubernetes:configuration.konghq.com/v1:KongPlugin",
  globalPlugin: "kubernetes:configuration.konghq.com/v1:KongClusterPlugin",
  consumer: "kubernetes:configuration.konghq.com/v1:KongConsumer",
  release: "kubernetes:helm.sh/v3:Release",
  secret: "kubernetes:core/v1:Secret",
} as const;

export const oneHost: KongTls = { hosts: ["shop.example.com"], secretName: "shop", plaintext: true, httpsPort: 443 };

/** Everything that Kong's table of these routes registers. */
export function recordTable(
  routes: readonly Route[],
  { tls = oneHost, ...options }: RecordOptions & { readonly tls?: KongTls } = {},
) {
  return record(() => new KongRoutes("table", { namespace: "kong", routes, tls }), options);
}

export const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

export function curve(namedCurve: string) {
  return generateKeyPairSync("ec", { namedCurve });
}

/** The public half of a key, with further members. */
export function jwk({ publicKey }: { readonly publicKey: KeyObject }, more = {}): JsonWebKey {
  return { ...publicKey.export({ format: "jwk" }), ...more } as JsonWebKey;
}

/** Tokens of one issuer are asked for. */
export function tokens(issuer = "https://issuer.example.com", key: JsonWebKey = jwk(rsa)) {
  return { jwt: { issuer, keys: [key] } };
}

/** Keys are asked for, which these have. */
export function keys(...consumers: string[]) {
  return { apiKeys: { consumers } };
}
