import { faultsOf } from "../../support/faults.ts";
import { isMain, runService } from "../../support/main.ts";
import { createHttpService, onlyReads, type Service, type ServiceOptions } from "../../support/service.ts";

/*
 * The product service, with the probes and the faults on request of ../support.
 *
 *   GET /api/products, /api/products/<id>   the products, and which version and pod answered
 */

const products = [
  { id: 1, name: "Espresso cup", price: 12.5 },
  { id: 2, name: "Teapot", price: 34 },
  { id: 3, name: "Kettle", price: 59.9 },
  { id: 4, name: "Coffee grinder", price: 89 },
];

export function createService(options: ServiceOptions): Service {
  const { version, pod } = options;
  const obeyed = faultsOf(options);
  return createHttpService(options, {
    async handle(exchange) {
      const { path, json } = exchange;
      const item = /^\/api\/products(?:\/([^/]+))?$/.exec(path);
      if (!item) return json(404, { error: `nothing at ${path}` });
      if (await obeyed(exchange)) return;
      if (!onlyReads(exchange, options)) return;
      if (item[1] === undefined) return json(200, { version, pod, products });
      const product = products.find(({ id }) => String(id) === item[1]);
      if (!product) return json(404, { error: `no product ${item[1]}`, version, pod });
      json(200, { version, pod, product });
    },
  });
}

if (isMain(import.meta.url)) runService(createService, { port: 8080 });
