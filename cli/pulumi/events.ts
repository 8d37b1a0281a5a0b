import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as pause } from "node:timers/promises";

/** How often to look for events, in milliseconds. */
const interval = 200;

/** The parts of an event of pulumi's engine that are of use here. */
export interface EngineEvent {
  readonly diagnosticEvent?: { readonly urn?: string; readonly severity?: string; readonly message: string };
  /** A resource begins. */
  readonly resourcePreEvent?: Step;
  /** It is done. */
  readonly resOutputsEvent?: Step;
  readonly resOpFailedEvent?: Step;
}

interface Step {
  readonly metadata: { readonly op: string; readonly urn: string };
}

/** A line of the file of events; what is no event says nothing. */
function parse(line: string): EngineEvent {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return {};
  }
}

/**
 * Runs an update and tells of each event when it happens: pulumi itself tells of a failure when everything else that is under way has
 * ended, which may be minutes later.
 *
 * @param work - gets the file that pulumi writes its events into.
 */
export async function watchingEvents<T>(
  work: (eventLog: string) => Promise<T>,
  onEvent: (event: EngineEvent) => void,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-events-"));
  const file = join(folder, "events.json");
  const end = new AbortController();
  const watching = follow(file, end.signal, onEvent);
  try {
    return await work(file);
  } finally {
    end.abort();
    await watching;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads what is appended to a file, until told to end. */
async function follow(file: string, ended: AbortSignal, onEvent: (event: EngineEvent) => void): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let position = 0;
  let rest = "";
  while (!ended.aborted) {
    await pause(interval, undefined, { signal: ended }).catch(() => {});
    const text = await readFrom(file, position).catch(() => Buffer.alloc(0));
    position += text.length;
    const lines = (rest + decoder.write(text)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onEvent(parse(line));
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
