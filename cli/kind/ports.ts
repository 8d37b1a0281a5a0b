import { createServer } from "node:net";
import { UserError } from "../support/errors.ts";
import { listenerOn } from "../support/listeners.ts";

/** One sentence for each port of the loopback address that somebody else has, with who that is. */
export async function takenPorts(ports: readonly number[]): Promise<string[]> {
  const problems: string[] = [];
  for (const port of ports) {
    if (await isFree(port)) continue;
    const holder = await listenerOn(port);
    const who = holder ? `${holder.name} (process ${holder.pid}: ${holder.command})` : "a process that cannot be seen from here";
    problems.push(`Port ${port} is taken by ${who}. Stop it, or give the stack another port: mesh:cluster.ports.`);
  }
  return problems;
}

export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  const problems = await takenPorts(ports);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      // A port that only root may have is the container engine's to ask for, which runs as root.
      .once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"))
      .listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
