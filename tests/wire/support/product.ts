import { type IncomingHttpHeaders, request } from "node:http";
import { eventually, outputs } from "../../lib/runningStack.ts";
import { exchange } from "./exchange.ts";

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

/**
 * Waits until something holds on so many connections at once that none of the gateway's proxies is left out: a node picks one at random.
 *
 * @param condition - asks over a connection of its own.
 */
export function everywhere(what: string, condition: () => Promise<void>): Promise<unknown> {
  return eventually(`${what} at every proxy`, 30, () => Promise.all(Array.from({ length: 24 }, condition)));
}

/** What a request to the product service came back with. */
export interface Answer {
  readonly status: number;
  /** With the `server` header: `istio-envoy` when the answer came through the gateway's proxy. */
  readonly headers: IncomingHttpHeaders;
  readonly body: { products: { id: number; name: string }[]; version: string; pod: string };
}

/** Asks the product service once, from outside the cluster, over a connection of its own. */
export async function askProducts(): Promise<Answer> {
  const options = { agent: false, timeout: 10_000 };
  const { status, headers, body } = await exchange((answered) => request(productUrl(), options, answered));
  return { status, headers, body: status === 200 ? JSON.parse(body) : ({} as Answer["body"]) };
}

/** Waits until the product service answers 200. */
export function untilAnswered(seconds: number): Promise<Answer> {
  return eventually("200 from the product service", seconds, async () => {
    const answer = await askProducts();
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return answer;
  });
}
