import { isMain, runService } from "../../support/main.ts";
import type { Service, ServiceOptions } from "../../support/service.ts";
import { type Product, productService } from "../products.ts";

interface StockedProduct extends Product {
  /** How many there are. */
  readonly stock: number;
}

const products: readonly StockedProduct[] = [
  { id: 1, name: "Espresso cup", price: 12.5, stock: 40 },
  { id: 2, name: "Teapot", price: 34, stock: 12 },
  { id: 3, name: "Kettle", price: 59.9, stock: 3 },
  { id: 4, name: "Coffee grinder", price: 89, stock: 0 },
  { id: 5, name: "Filter cone", price: 19, stock: 25 },
];

/** The second version of the product service, another program: it says of each product how many there are, and has one more. */
export function createService(options: ServiceOptions): Service {
  return productService(options, products);
}

if (isMain(import.meta.url)) runService(createService, { port: 8080 });
