import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as pause } from "node:timers/promises";

/** How often to look for failures, in milliseconds. */
const interval = 500;

/** The part of an event of pulumi's engine that tells of a failure. */
interface EngineEvent {
  readonly diagnosticEvent?: { readonly urn?: string; readonly severity?: string; readonly message: string };
  readonly resOpFailedEvent?: { readonly metadata: { readonly op: string; readonly urn: string } };
}

/** What failed in an update, by the events of pulumi's engine, in the order in which they come. */
export class Failures {
  readonly #errors = new Map<string, string>();

  /**
   * Takes note of one event, and returns a sentence when it tells that a resource failed.
   *
   * @param line - an event as JSON; what is no event says nothing.
   */
  take(line: string): string | undefined {
    const { diagnosticEvent: said, resOpFailedEvent: failed } = parse(line);
    // The reason comes before the failure.
    if (said?.severity === "error" && said.urn) this.#errors.set(said.urn, said.message);
    if (!failed) return undefined;
    const { urn } = failed.metadata;
    const [type, name] = urn.split("::").slice(-2);
    // Several errors come as a list below their number.
    const lines = (this.#errors.get(urn) ?? "").split("\n").map((text) => text.replace(/^\s*\*?\s*/, "").trim());
    const reason = lines.find((text) => text !== "" && !/^\d+ errors? occurred:$/.test(text));
    return `${type?.split(/[:$]/).at(-1)} ${name} failed${reason ? `: ${reason}` : ""}`;
  }
}

function parse(line: string): EngineEvent {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return {};
  }
}

/**
 * Runs an update and tells of each failure when it happens: pulumi itself waits until everything else that is under way has ended,
 * which may be minutes later.
 *
 * @param work - gets the file that pulumi writes its events into.
 * @param onFailure - gets a sentence for each resource that failed.
 */
export async function watchingFailures<T>(
  work: (eventLog: string) => Promise<T>,
  onFailure: (sentence: string) => void,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-events-"));
  const file = join(folder, "events.json");
  const end = new AbortController();
  const watching = follow(file, end.signal, onFailure);
  try {
    return await work(file);
  } finally {
    end.abort();
    await watching;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads what is appended to a file, until told to end. */
async function follow(file: string, ended: AbortSignal, onFailure: (sentence: string) => void): Promise<void> {
  const failures = new Failures();
  const decoder = new StringDecoder("utf8");
  let position = 0;
  let rest = "";
  while (!ended.aborted) {
    await pause(interval, undefined, { signal: ended }).catch(() => {});
    const text = await readFrom(file, position).catch(() => Buffer.alloc(0));
    position += text.length;
    const lines = (rest + decoder.write(text)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const sentence = failures.take(line);
      if (sentence !== undefined) onFailure(sentence);
    }
  }
}

async function readFrom(file: string, position: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - position)), 0, undefined, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
