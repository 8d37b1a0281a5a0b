import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { Recommendations, type Recommended } from "../recommendations/protocol.ts";

/** What goes well with a product, and who said so; or why there is none. */
export type Advice = { readonly recommended: Recommended } | { readonly missing: string };

/** Asks for what goes well with a product, with the headers that belong to a request. It never throws. */
export type Advise = (product: number, headers: Readonly<Record<string, string>>) => Promise<Advice>;

/**
 * Asks the recommendations service over gRPC.
 *
 * @param address - host and port.
 * @param timeout - in milliseconds.
 */
export function adviser(address: string, timeout: number): Advise {
  // Its own retries are off: the mesh has them.
  const client = new Recommendations(address, credentials.createInsecure(), { "grpc.enable_retries": 0 });
  return (product, headers) =>
    new Promise((resolve) => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const answer = (error: ServiceError | null, recommended: Recommended) =>
        resolve(error ? { missing: error.details } : { recommended });
      client.List?.({ product }, metadata, { deadline: Date.now() + timeout }, answer);
    });
}
