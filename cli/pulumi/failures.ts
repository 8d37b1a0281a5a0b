import type { EngineEvent } from "./events.ts";

/** What failed in an update, by the events of pulumi's engine, in the order in which they come. */
export class Failures {
  readonly #errors = new Map<string, string>();

  /** Takes note of one event, and returns a sentence when it tells that a resource failed. */
  take({ diagnosticEvent: said, resOpFailedEvent: failed }: EngineEvent): string | undefined {
    // The reason comes before the failure.
    if (said?.severity === "error" && said.urn) this.#errors.set(said.urn, said.message);
    if (!failed) return undefined;
    const { urn } = failed.metadata;
    // Several errors come as a list below their number.
    const lines = (this.#errors.get(urn) ?? "").split("\n").map((text) => text.replace(/^\s*\*?\s*/, "").trim());
    const reason = lines.find((text) => text !== "" && !/^\d+ errors? occurred:$/.test(text));
    return `${calledIn(urn)} failed${reason ? `: ${reason}` : ""}`;
  }
}

/** Kind and name of a resource, by its URN. */
export function calledIn(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(-2);
  return `${type.split(/[:$]/).at(-1)} ${name}`;
}
