import process from "node:process";

/** Variables that name a proxy. Programs differ in which of them they read, and in which case. */
const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "GRPC_PROXY"].flatMap((name) => [name, name.toLowerCase()]);

/** Variables that say what goes past any proxy; the last is read by gRPC for Node.js alone, in place of the others. */
const exceptions = ["NO_PROXY", "no_proxy", "no_grpc_proxy"] as const;

/** This machine, by each of its names: Pulumi's own channels, the API server, the gateways and podman are there. */
const thisMachine = ["localhost", "127.0.0.1", "::1"];

/** The nodes' networks, podman's and Docker's defaults; kind's networks of pods and of Services; and names within a cluster. */
const clusters = ["10.89.0.0/16", "172.18.0.0/16", "10.244.0.0/16", "10.96.0.0/16", ".svc", ".cluster.local"];

/**
 * What to add to an environment in which a proxy is set, so that what talks to this machine and to a cluster on it goes past the
 * proxy. What fetches goes on to use it. Nothing where no proxy is set.
 */
export function proxyExceptions(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  if (!proxies.some((name) => env[name])) return {};
  const [upper, lower, grpc] = exceptions.map((name) => env[name]?.split(",").map((entry) => entry.trim()) ?? []);
  const merged = (given: readonly string[] = []) =>
    // Some programs take `*`, which is everything, only where it stands alone.
    given.includes("*") ? "*" : [...new Set([...given.filter(Boolean), ...thisMachine, ...clusters])].join(",");
  const general = merged([...(upper ?? []), ...(lower ?? [])]);
  return { NO_PROXY: general, no_proxy: general, ...(grpc?.some(Boolean) && { no_grpc_proxy: merged(grpc) }) };
}

/** Has this process and all that it starts go past the proxy where {@link proxyExceptions} says so. */
export function applyProxyExceptions(): void {
  Object.assign(process.env, proxyExceptions());
}

/** Takes every proxy out of an environment, for what fetches nothing: undefined takes a variable away. */
export const withoutProxies: Readonly<Record<string, undefined>> = Object.fromEntries(
  [...proxies, ...exceptions].map((name) => [name, undefined]),
);

/** A proxy on the loopback address, which nodes cannot reach: theirs is another. */
export function loopbackProxy(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return proxies
    .map((name) => env[name] ?? "")
    .find((url) => /^(\w+:\/\/)?([^@/]*@)?(localhost|127\.[\d.]+|\[::1\])(:|\/|$)/.test(url));
}
