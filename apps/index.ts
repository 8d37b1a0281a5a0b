import type { ApplicationDeclaration } from "../model/application.ts";
import { load } from "./load/index.ts";
import { product } from "./product/index.ts";
import { shop } from "./shop/index.ts";

/** Every application of the platform. A further one is an entry here. The first service that is exposed is what `make up` asks. */
export const applications: readonly ApplicationDeclaration[] = [product, shop, load];

/** Where the settings of earlier versions are now, by their keys. */
export const movedSettings: Readonly<Record<string, string>> = {
  "mesh:product": "mesh:apps.product.product (versions by name; gateways, methods and policies below exposed)",
  "mesh:shop": "mesh:apps.prod.frontend, mesh:apps.prod.backend and mesh:apps.prod.database",
  "mesh:load": "mesh:apps.load.generator",
  "mesh:images.product": "mesh:apps.product.product.image",
  "mesh:images.frontend": "mesh:apps.prod.frontend.image",
  "mesh:images.backend": "mesh:apps.prod.backend.image",
};
