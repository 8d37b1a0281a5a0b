import { recordFault } from "../../../report/records.ts";
import { eventually, saw } from "../../lib/runningStack.ts";
import { type Reply, underLoad } from "./load.ts";
import { productUrl } from "./product.ts";

/** What a fault cost those who asked meanwhile. */
export interface FaultImpact {
  readonly requests: number;
  readonly failed: number;
  /** Those among the failed that got no answer at all: their connection broke, or nothing came for ten seconds. */
  readonly unanswered: number;
  /** Seconds from when the first request that failed was asked until the last one was; 0 where none failed. */
  readonly recovered: number;
}

/** How requests are sent while something happens, and what is promised of them. */
export interface Fault {
  /** Requests a second for the product service. @default 100 */
  readonly rate?: number;
  /** How long the service takes for an answer, in ms: whatever happens then happens to requests. @default 0 */
  readonly delay?: number;
  /** Whether the promise is that no request fails: one that does fails the test. */
  readonly none: boolean;
}

/** How many requests are sent before something happens, and again when it has. */
const around = 200;

/** Asks the product service steadily while something happens, tells what it cost, and writes that down for the report. */
export async function underFault(
  fault: string,
  { rate = 100, delay = 0, none }: Fault,
  happen: (soFar: readonly Reply[]) => Promise<void>,
): Promise<FaultImpact> {
  const happening = async (soFar: readonly Reply[]) => {
    await untilAsked(soFar, around);
    await happen(soFar);
    await untilAsked(soFar, soFar.length + around);
  };
  const headers = () => ({ "x-fault-delay": `${delay}` });
  const replies = await underLoad(rate, happening, productUrl(), { headers });
  const impact = impactOf(replies);
  const { requests, failed, unanswered, recovered } = impact;
  const cost = failed === 0 ? "" : ` (${unanswered} without an answer), all within ${recovered.toFixed(1)} s`;
  saw(`${fault}: ${requests} requests, ${failed} failed${cost}`);
  await recordFault(fault, { requests, failed, none, ...(failed > 0 && { recovered: Number(recovered.toFixed(1)) }) });
  if (none && failed > 0) throw new Error(`${fault}: of ${requests} requests failed\n${told(replies)}`);
  return impact;
}

/** The first requests that failed: when, with what, and who answered. */
function told(replies: readonly Reply[]): string {
  const first = replies[0]?.asked ?? 0;
  const lines = failuresOf(replies).map(
    ({ asked, status, ms, problem }) =>
      `after ${((asked - first) / 1_000).toFixed(1)} s: status ${status} within ${ms.toFixed(0)} ms: ${problem}`,
  );
  return [...lines.slice(0, 10), ...(lines.length > 10 ? [`and ${lines.length - 10} more`] : [])].join("\n");
}

function failuresOf(replies: readonly Reply[]): Reply[] {
  return replies.filter(({ status }) => status !== 200);
}

function untilAsked(soFar: readonly Reply[], count: number): Promise<void> {
  return eventually(`${count} answers`, 60, async () => {
    if (soFar.length < count) throw new Error(`${soFar.length} came`);
  });
}

function impactOf(replies: readonly Reply[]): FaultImpact {
  const failures = failuresOf(replies);
  const times = failures.map(({ asked }) => asked);
  return {
    requests: replies.length,
    failed: failures.length,
    unanswered: failures.filter(({ status }) => status === 0).length,
    recovered: times.length === 0 ? 0 : (Math.max(...times) - Math.min(...times)) / 1_000,
  };
}
