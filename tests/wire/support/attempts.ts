import { kubectl } from "../../lib/runningStack.ts";

/** A line that the product service logs for each request that reaches it. */
interface Line {
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/**
 * What reached the product service's pods since a time: how often each status was answered to a method at a path.
 *
 * @param since - ms since 1970.
 */
export async function attempts(method: string, path: string, since: number): Promise<Readonly<Record<number, number>>> {
  const logs = await kubectl(
    "logs",
    "--namespace=product",
    "--selector=app=product",
    "--container=product",
    "--tail=-1",
    `--since-time=${new Date(since).toISOString()}`,
  );
  const of: Record<number, number> = {};
  for (const text of logs.split("\n").filter((text) => text.startsWith("{"))) {
    const line = JSON.parse(text) as Line;
    if (line.method !== method || line.path !== path || Date.parse(line.time) < since) continue;
    of[line.status] = (of[line.status] ?? 0) + 1;
  }
  return of;
}
