import { Agent, request } from "node:http";
import { execa } from "execa";
import { stackEnvironment } from "../../lib/runningStack.ts";
import { exchange } from "./exchange.ts";

/** A port of this machine that a kubectl in the background forwards, over one connection that stays open. */
export interface PortForward {
  /** Asks for a path and returns the body. @throws Error unless the answer is 200 or 201. */
  ask(path: string, sent?: Sent): Promise<string>;
  /** Ends kubectl and waits until it has ended. */
  close(): Promise<void>;
}

interface Sent {
  readonly method: string;
  readonly type: string;
  readonly body: string;
}

/**
 * Starts `kubectl proxy` or `kubectl port-forward` and waits until it says on which port of this machine it listens.
 *
 * @throws Error with what it said when it ends instead.
 */
export async function openPortForward(...args: string[]): Promise<PortForward> {
  const child = execa("kubectl", args, { env: await stackEnvironment(), stdin: "ignore", all: true, reject: false });
  const port = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.all.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];
      if (port !== undefined) resolve(port);
    });
    void child.then(() => reject(new Error(`kubectl ${args.join(" ")} ended:\n${said}`)));
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: (path, sent) => askThrough(`http://127.0.0.1:${port}${path}`, agent, sent),
    async close() {
      agent.destroy();
      child.kill();
      await child;
    },
  };
}

/**
 * Opens port-forwards, does something with them, and closes them whatever comes of it.
 *
 * @param commands - the arguments of kubectl for each.
 */
export async function withPortForwards<T>(
  commands: readonly (readonly string[])[],
  use: (forwarded: PortForward[]) => Promise<T>,
): Promise<T> {
  const opened = await Promise.allSettled(commands.map((args) => openPortForward(...args)));
  const open = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  try {
    const failed = opened.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    return await use(open);
  } finally {
    await Promise.all(open.map((forward) => forward.close()));
  }
}

async function askThrough(url: string, agent: Agent, { method = "GET", type, body }: Partial<Sent> = {}): Promise<string> {
  const headers = type === undefined ? {} : { "content-type": type };
  const answer = await exchange((answered) => request(url, { agent, method, headers, timeout: 10_000 }, answered), body);
  if (answer.status === 200 || answer.status === 201) return answer.body;
  throw new Error(`${method} ${url}: ${answer.status} ${answer.body.slice(0, 500)}`);
}
