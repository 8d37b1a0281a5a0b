import { eventually } from "./stack.ts";

/** The URL that `make up` ends in. */
export const productUrl = "http://localhost:8080/api/products";

/** What a request to the product service came back with. */
export interface Answer {
  readonly status: number;
  /** The `server` header: `istio-envoy` when the answer came through the gateway's proxy. */
  readonly server: string | null;
  readonly body: { products: { id: number; name: string }[]; version: string; pod: string };
}

/** Asks the product service once, from outside the cluster. */
export async function askProducts(headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(productUrl, { headers, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  return {
    status: response.status,
    server: response.headers.get("server"),
    body: response.ok ? JSON.parse(text) : ({} as Answer["body"]),
  };
}

/** Waits until the product service answers 200. */
export function untilAnswered(seconds: number): Promise<Answer> {
  return eventually("200 from the product service", seconds, async () => {
    const answer = await askProducts();
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return answer;
  });
}
