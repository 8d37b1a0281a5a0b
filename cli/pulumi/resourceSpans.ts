import type { Span } from "../../lib/lastRuns.ts";
import type { EngineEvent } from "./events.ts";
import { calledIn } from "./failures.ts";

/** When an update was at which resource, by the events of pulumi's engine. What it leaves as it is does not count. */
export class ResourceSpans {
  readonly #begun = new Map<string, number>();
  readonly #spans: Span[] = [];

  /** @param now - in seconds since a moment of the caller's choice. */
  take({ resourcePreEvent: begun, resOutputsEvent, resOpFailedEvent: failed }: EngineEvent, now: number): void {
    if (begun && begun.metadata.op !== "same") this.#begun.set(begun.metadata.urn, now);
    const { urn } = (resOutputsEvent ?? failed)?.metadata ?? {};
    const from = urn === undefined ? undefined : this.#begun.get(urn);
    if (urn === undefined || from === undefined) return;
    this.#begun.delete(urn);
    this.#spans.push({ what: calledIn(urn), from, to: now });
  }

  /** In the order in which they ended; what has not is left out. */
  get all(): readonly Span[] {
    return this.#spans;
  }
}
