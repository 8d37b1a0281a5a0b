import type { ServerResponse } from "node:http";

/** How often something is said when nothing changes, in ms: who holds a connection open sees that it is there. */
const heartbeat = 15_000;

/**
 * Those who have the shop's page open, as one pod sees them: each holds a stream of server-sent events, and is told whenever their
 * number changes.
 */
export class Watchers {
  private readonly streams = new Set<ServerResponse>();
  private isClosed = false;
  private readonly timer = setInterval(() => this.tell(), heartbeat).unref();

  /** @param who - the version and pod that the events name. */
  constructor(private readonly who: { readonly version: string; readonly pod: string }) {}

  /** Answers with the stream, which lasts until either side ends it. */
  add(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.streams.add(response);
    response.once("close", () => {
      this.streams.delete(response);
      this.tell();
    });
    this.tell();
    if (this.isClosed) response.end();
  }

  /** Ends all streams: a browser comes back by itself, to another pod. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    for (const stream of this.streams) stream.end();
  }

  private tell(): void {
    const event = `data: ${JSON.stringify({ ...this.who, watching: this.streams.size })}\n\n`;
    for (const stream of this.streams) stream.write(event);
  }
}
