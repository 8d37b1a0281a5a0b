import { faultsOf } from "../support/faults.ts";
import { createHttpService, onlyReads, type Service, type ServiceOptions } from "../support/service.ts";

/** What every version of the product service tells of a product. */
export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: number;
}

/**
 * A product service, with the probes and the faults on request of ../support.
 *
 *   GET /api/products, /api/products/<id>   the products, and which version and pod answered
 */
export function productService(options: ServiceOptions, products: readonly Product[]): Service {
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
