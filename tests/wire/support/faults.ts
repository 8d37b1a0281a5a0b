import { recordAccident } from "../../../report/records.ts";
import { eventually, saw } from "../../lib/runningStack.ts";
import { type Reply, underLoad } from "./load.ts";
import { productUrl } from "./product.ts";

/** What an accident cost those who asked meanwhile. */
export interface Toll {
  readonly requests: number;
  readonly failed: number;
  /** Those among the failed that got no answer at all: their connection broke, or nothing came for ten seconds. */
  readonly unanswered: number;
  /** Seconds from when the first request that failed was asked until the last one was; 0 where none failed. */
  readonly recovered: number;
}

export interface Accident {
  /** Requests a second for the product service. @default 100 */
  readonly rate?: number;
  /** How long the service takes for an answer, in ms: whatever happens then happens to requests. @default 0 */
  readonly delay?: number;
  /** Whether the promise is that no request fails. */
  readonly none: boolean;
}

/** How many requests are sent before something happens, and again when it has. */
const around = 200;

/** Asks the product service steadily while something happens, tells what it cost, and writes that down for the report. */
export async function endure(
  accident: string,
  { rate = 100, delay = 0, none }: Accident,
  happen: (soFar: readonly Reply[]) => Promise<void>,
): Promise<Toll> {
  const happening = async (soFar: readonly Reply[]) => {
    await untilAsked(soFar, around);
    await happen(soFar);
    await untilAsked(soFar, soFar.length + around);
  };
  const headers = () => ({ "x-fault-delay": `${delay}` });
  const replies = await underLoad(rate, happening, productUrl(), { headers });
  const toll = tollOf(replies);
  const { requests, failed, unanswered, recovered } = toll;
  const cost = failed === 0 ? "" : ` (${unanswered} without an answer), all within ${recovered.toFixed(1)} s`;
  saw(`${accident}: ${requests} requests, ${failed} failed${cost}`);
  await recordAccident(accident, { requests, failed, none, ...(failed > 0 && { recovered: Number(recovered.toFixed(1)) }) });
  return toll;
}

function untilAsked(soFar: readonly Reply[], count: number): Promise<void> {
  return eventually(`${count} answers`, 60, async () => {
    if (soFar.length < count) throw new Error(`${soFar.length} came`);
  });
}

function tollOf(replies: readonly Reply[]): Toll {
  const failures = replies.filter(({ status }) => status !== 200);
  const times = failures.map(({ asked }) => asked);
  return {
    requests: replies.length,
    failed: failures.length,
    unanswered: failures.filter(({ status }) => status === 0).length,
    recovered: times.length === 0 ? 0 : (Math.max(...times) - Math.min(...times)) / 1_000,
  };
}
