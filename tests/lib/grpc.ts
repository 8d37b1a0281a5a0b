import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { Recommendations, type Recommended } from "../../apps/shop/recommendations/protocol.ts";

/** A client of the shop's recommendations. */
export type Client = InstanceType<typeof Recommendations>;

/** Clients outside the cluster, over HTTP and over HTTPS. */
export interface Clients {
  readonly plain: Client;
  readonly tls: Client;
}

/**
 * Clients of a gateway's.
 *
 * @param url - over HTTP.
 * @param httpsUrl - over HTTPS; its name need not lead here.
 * @param authority - PEM; whom to trust.
 */
export function grpcClients(url: string, httpsUrl: string, authority: string): Clients {
  const secure = new URL(httpsUrl);
  const names = { "grpc.ssl_target_name_override": secure.hostname, "grpc.default_authority": secure.hostname };
  const { hostname, port } = new URL(url);
  return {
    plain: new Recommendations(`${hostname}:${port || 80}`, credentials.createInsecure()),
    tls: new Recommendations(`localhost:${secure.port || 443}`, credentials.createSsl(Buffer.from(authority)), names),
  };
}

/** Asks once for what goes well with the first product. */
export function listRecommended(client: Client, headers: Readonly<Record<string, string>> = {}): Promise<Recommended> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    const answer = (error: ServiceError | null, recommended: Recommended) => (error ? reject(error) : resolve(recommended));
    client.List?.({ product: 1 }, metadata, { deadline: Date.now() + 10_000 }, answer);
  });
}
