import { isMain, runService } from "../../support/main.ts";
import type { Service, ServiceOptions } from "../../support/service.ts";
import { productService } from "../products.ts";

/** The first version of the product service: names and prices. */
export function createService(options: ServiceOptions): Service {
  return productService(options, [
    { id: 1, name: "Espresso cup", price: 12.5 },
    { id: 2, name: "Teapot", price: 34 },
    { id: 3, name: "Kettle", price: 59.9 },
    { id: 4, name: "Coffee grinder", price: 89 },
  ]);
}

if (isMain(import.meta.url)) runService(createService, { port: 8080 });
