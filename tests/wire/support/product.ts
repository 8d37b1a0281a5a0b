import { eventually, outputs } from "./stack.ts";

/** Where Istio's gateway is, without a slash at its end. */
export function gatewayUrl(): string {
  const { istio } = outputs().urls;
  if (istio === undefined) throw new Error("the stack has no gateway of Istio's (mesh:gateway)");
  return istio.replace(/\/$/, "");
}

/** Where the product service is asked for, or one version of it, in which the shares of the canary do not matter. */
export function productUrl(version?: string): string {
  return `${gatewayUrl()}/api/${version === undefined ? "" : `${version}/`}products`;
}

/** What a request to the product service came back with. */
export interface Answer {
  readonly status: number;
  /** The `server` header: `istio-envoy` when the answer came through the gateway's proxy. */
  readonly server: string | null;
  readonly body: { products: { id: number; name: string }[]; version: string; pod: string };
}

/** Asks the product service once, from outside the cluster. */
export async function askProducts(headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(productUrl(), { headers, signal: AbortSignal.timeout(10_000) });
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
