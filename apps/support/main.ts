import { realpathSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Runnable, ServiceOptions } from "./service.ts";

/** Whether a module is what Node.js was started with. The path is resolved because a mounted ConfigMap's files are links. */
export function isMain(module: string): boolean {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(module);
}

/**
 * Runs a service as a process until it is told to end. It reads `PORT`, `VERSION`, `POD_NAME`, `LINGER_MS` (how long it serves
 * on after SIGTERM) and `DRAIN_MS` (how long requests under way may take then), and logs JSON, one object a line.
 */
export function runService(create: (options: ServiceOptions) => Runnable, { port: usual }: { readonly port: number }): void {
  const port = Number(process.env.PORT ?? usual);
  const version = process.env.VERSION ?? "v1";
  const pod = process.env.POD_NAME ?? hostname();
  const log: ServiceOptions["log"] = (line) =>
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), version, pod, ...line })}\n`);

  const { listen, stop } = create({ version, pod, log });
  void listen(port).then((bound) => log({ level: "info", msg: "listening", port: bound }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, async () => {
      log({ level: "info", msg: "stopping", signal });
      await stop(Number(process.env.LINGER_MS ?? 1_000), Number(process.env.DRAIN_MS ?? 15_000));
      log({ level: "info", msg: "stopped" });
    });
  }
}
