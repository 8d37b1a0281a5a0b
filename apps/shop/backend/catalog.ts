import { setTimeout as sleep } from "node:timers/promises";
import type { Product, Source } from "../../support/catalogue.ts";
import type { Log } from "../../support/service.ts";

/** What the catalogue needs of a pool of the package `pg`. */
export interface Pool {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  connect(): Promise<Client>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface Client {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
  /** Gives the connection back; with an error it is closed instead. */
  release(error?: Error): void;
}

/**
 * Both waits together end before a caller's timeout of about a second, so that it is told what is wrong. In milliseconds,
 * as everything here.
 */
export const poolSettings = {
  max: 5,
  connectionTimeoutMillis: 400,
  query_timeout: 400,
  statement_timeout: 400,
  idleTimeoutMillis: 30_000,
  keepAlive: true,
  application_name: "backend",
};

/** An arbitrary number: whoever holds this lock of the database is making the table. */
const makingTable = 7_011_954;

const table = `CREATE TABLE products (
  id          integer PRIMARY KEY,
  name        text NOT NULL,
  description text NOT NULL,
  price       numeric(8, 2) NOT NULL CHECK (price >= 0),
  picture     text NOT NULL
)`;

const rows = `INSERT INTO products (id, name, description, price, picture) VALUES
  (1, 'Espresso cup', 'Thick-walled stoneware. Keeps two sips hot for as long as they last.', 12.50, 'cup'),
  (2, 'Teapot', 'Cast iron, with a strainer. A litre, and a lid that stays on.', 34.00, 'teapot'),
  (3, 'Kettle', 'A long neck for a slow pour, and a handle that stays cool.', 59.90, 'kettle'),
  (4, 'Coffee grinder', 'Steel burrs, turned by hand. From Turkish to French press.', 89.00, 'grinder'),
  (5, 'Filter cone', 'Porcelain, for one large cup. The paper ones fit.', 19.00, 'filter'),
  (6, 'Milk jug', 'A spout for hearts and ferns, a third of a litre.', 22.50, 'jug')`;

/** PostgreSQL's code for a table that is not there. */
const noTable = "42P01";

/** The products in the database. */
export class Catalog {
  private readonly pool: Pool;
  private readonly log: Log;

  constructor(pool: Pool, log: Log) {
    this.pool = pool;
    this.log = log;
    // Of connections that nobody uses just now; without a listener it would end the process.
    pool.on("error", (error) => log({ level: "warn", msg: "database connection lost", error: String(error) }));
  }

  /** Makes the table, trying until the database lets it; false when it was told to stop before. */
  async prepare(stop: AbortSignal): Promise<boolean> {
    for (let pause = 250; !stop.aborted; pause = Math.min(2 * pause, 1_000)) {
      try {
        await this.makeTable();
        this.log({ level: "info", msg: "table ready" });
        return true;
      } catch (error) {
        this.log({ level: "warn", msg: "database not ready", error: String(error) });
        await sleep(pause, undefined, { signal: stop }).catch(() => {});
      }
    }
    return false;
  }

  /** All products, or those of one number: one or none. */
  async products(id?: number): Promise<Product[]> {
    const text = `SELECT id, name, description, price, picture FROM products${id === undefined ? "" : " WHERE id = $1"} ORDER BY id`;
    const ask = () => this.pool.query(text, id === undefined ? [] : [id]);
    const answer = await ask().catch(async (error: unknown) => {
      // The database came back without what it had.
      if ((error as { code?: unknown }).code !== noTable) throw error;
      await this.makeTable();
      return ask();
    });
    // Its exact numbers come as text.
    return (answer.rows as readonly (Omit<Product, "price"> & { price: string })[]).map((row) => ({
      ...row,
      price: Number(row.price),
    }));
  }

  async database(): Promise<Source> {
    const text = "SELECT current_database() AS name, current_setting('server_version') AS version";
    const [row] = (await this.pool.query(text)).rows as readonly Source[];
    if (!row) throw new Error("the database has not said which it is");
    // Debian adds the package's own version.
    return { name: row.name, version: row.version.split(" ")[0] ?? row.version };
  }

  /** Makes the table and what is in it, once, whoever else tries at the same time: the others wait and find it made. */
  async makeTable(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query(`SELECT pg_advisory_xact_lock(${makingTable})`);
      const { rows: found } = await client.query("SELECT to_regclass('products') IS NOT NULL AS there");
      if (!(found as readonly { there: boolean }[])[0]?.there) {
        await client.query(table);
        await client.query(rows);
      }
      await client.query("COMMIT");
      client.release();
    } catch (error) {
      // Closed, which ends what it had begun.
      client.release(error as Error);
      throw error;
    }
  }
}
