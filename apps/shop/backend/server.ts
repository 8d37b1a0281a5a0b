import pg from "pg";
import { faultsOf } from "../../support/faults.ts";
import { isMain, runService } from "../../support/main.ts";
import { createHttpService, onlyReads, type Service, type ServiceOptions } from "../../support/service.ts";
import { Catalog, type Pool, poolSettings } from "./catalog.ts";
import { Watchers } from "./watchers.ts";

/*
 * The shop's backend, with the probes and the faults on request of ../support. It finds PostgreSQL by the variables that every
 * client of it reads: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD.
 *
 *   GET /api/catalog, /api/catalog/<id>   the products, and which version, pod and database answered; 503 without the database
 *   GET /api/events                       how many have the page open, as the pod that answers sees it: server-sent events
 *
 * Once it has made its table it is ready and stays so: a database that is away is said in the answer, and asked again each time.
 */

export interface BackendOptions extends ServiceOptions {
  readonly pool: Pool;
}

export function createService({ pool, ...options }: BackendOptions): Service {
  const { version, pod, log } = options;
  const obeyed = faultsOf(options);
  const catalog = new Catalog(pool, log);
  const watchers = new Watchers({ version, pod });
  const stopping = new AbortController();
  let ready = false;
  catalog.prepare(stopping.signal).then((done) => {
    ready = done;
  });

  return createHttpService(options, {
    ready: () => ready,
    drain: () => watchers.close(),
    async close() {
      stopping.abort();
      await pool.end();
    },
    async handle(exchange) {
      const { path, json, request, response, send } = exchange;
      const item = /^\/api\/catalog(?:\/([^/]+))?$/.exec(path);
      if (!item && path !== "/api/events") return json(404, { error: `nothing at ${path}` });
      if (await obeyed(exchange)) return;
      if (!onlyReads(exchange, options)) return;
      if (!item) return request.method === "HEAD" ? send(200, "text/event-stream", "") : watchers.add(response);
      const [, id] = item;
      if (id !== undefined && !/^[1-9]\d{0,8}$/.test(id)) return json(404, { error: `no product ${id}`, version, pod });
      try {
        const database = await catalog.database();
        const products = await catalog.products(id === undefined ? undefined : Number(id));
        if (id === undefined) return json(200, { version, pod, database, products });
        const [product] = products;
        if (!product) return json(404, { error: `no product ${id}`, version, pod });
        json(200, { version, pod, database, product });
      } catch (error) {
        log({ level: "error", msg: "database failed", error: String(error) });
        json(503, { error: "the database does not answer", version, pod }, { "retry-after": "1" });
      }
    },
  });
}

if (isMain(import.meta.url)) {
  runService((options) => createService({ ...options, pool: new pg.Pool(poolSettings) }), { port: 3000 });
}
