import { callerHeaders } from "../../../model/callerHeaders.ts";
import { principalOf } from "../../../model/callGraph.ts";
import { accountOf } from "../../lib/matrixRows.ts";

/** Headers by which a request claims to be what it is not. */
export interface Forgery {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What proxies say to each other, written by somebody else: who calls, from where, under which name, with which method and path,
 * how long it may take and how often it is tried.
 *
 * @param path - one that is allowed.
 * @param callers - who may ask for it, as `namespace/account`.
 */
export function forgeries({ path, callers }: { readonly path: string; readonly callers: readonly string[] }): Forgery[] {
  const uris = callers.map((caller) => `spiffe://${principalOf(accountOf(caller))}`);
  return [
    {
      name: "forwarded",
      headers: {
        "x-forwarded-for": "127.0.0.1",
        forwarded: "for=127.0.0.1;host=localhost;proto=https",
        "x-forwarded-host": "localhost",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-real-ip": "127.0.0.1",
        "x-original-url": path,
        "x-rewrite-url": path,
      },
    },
    {
      name: "client certificate",
      headers: { "x-forwarded-client-cert": uris.map((uri) => `By=${uri};Hash=${"0".repeat(64)};URI=${uri}`).join(",") },
    },
    {
      name: "x-envoy",
      headers: {
        "x-envoy-internal": "true",
        "x-envoy-external-address": "127.0.0.1",
        "x-envoy-original-path": path,
        "x-envoy-original-host": "localhost",
        "x-envoy-original-dst-host": "127.0.0.1:15000",
        "x-envoy-decorator-operation": path,
        "x-envoy-retry-on": "5xx,gateway-error",
        "x-envoy-max-retries": "7",
        "x-envoy-upstream-rq-timeout-ms": "15000",
        "x-envoy-upstream-rq-per-try-timeout-ms": "15000",
        "x-envoy-expected-rq-timeout-ms": "15000",
        "x-envoy-hedge-on-per-try-timeout": "true",
        "x-envoy-upstream-alt-stat-name": "wire",
        "x-envoy-ip-tags": "wire",
        "x-envoy-force-trace": "true",
        "x-envoy-attempt-count": "9",
        "x-envoy-downstream-service-cluster": "wire",
        "x-envoy-downstream-service-node": "wire",
        "x-envoy-peer-metadata-id": "wire",
        "x-envoy-peer-metadata": "d2lyZQ==",
      },
    },
  ];
}

/**
 * Every header that no caller from outside may send, in each spelling of its name, as many to a request as a proxy takes.
 *
 * @param further - what a stack adds to them.
 */
export function forgedNames(further: readonly string[] = []): Forgery["headers"][] {
  const names = [...callerHeaders, ...further].map((name) => name.replace("*", "wire"));
  const titled = (name: string) => name.replace(/\b\w/g, (letter) => letter.toUpperCase());
  const spellings = [titled, (name: string) => titled(name).replaceAll("-", "_"), (name: string) => name.replace("-", "_")];
  const all = [...new Set(spellings.flatMap((spelled) => names.map(spelled)))];
  const batches = Array.from({ length: Math.ceil(all.length / 50) }, (_, index) => all.slice(50 * index, 50 * (index + 1)));
  return batches.map((batch) => Object.fromEntries(batch.map((name) => [name, "127.0.0.1"])));
}
