import process from "node:process";
import pg from "pg";
import { Catalog, poolSettings } from "../backend/catalog.ts";

/*
 * What the shop does once or at night, by the word that it is started with:
 *
 *   migrate   makes the table of products, where there is none; the backend waits for that
 *   report    asks the backend for its products and logs what they come to
 */

const log = (line: Readonly<Record<string, unknown>>) =>
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);

/** Throws what is wrong: then the job has failed, and its log says why. */
const tasks: Readonly<Record<string, () => Promise<void>>> = {
  async migrate() {
    const pool = new pg.Pool({ ...poolSettings, max: 1 });
    await new Catalog(pool, log).makeTable();
    log({ level: "info", msg: "table ready" });
    await pool.end();
  },

  async report() {
    const answer = await fetch(`${process.env.BACKEND_URL}/api/catalog`, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`the backend answered ${answer.status}`);
    const { products } = (await answer.json()) as { products: readonly { price: number }[] };
    const total = products.reduce((sum, { price }) => sum + price, 0);
    log({ level: "info", msg: "report", products: products.length, total: Number(total.toFixed(2)) });
  },
};

const [, , word = "nothing"] = process.argv;
try {
  const task = Object.hasOwn(tasks, word) ? tasks[word] : undefined;
  if (!task) throw new Error(`${word} is no task; there are ${Object.keys(tasks).join(", ")}`);
  await task();
} catch (error) {
  log({ level: "error", msg: `${word} failed`, error: String(error) });
  process.exitCode = 1;
}
