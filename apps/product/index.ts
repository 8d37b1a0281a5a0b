import type { ApplicationDeclaration } from "../../model/application.ts";

/** The path under which the product service answers, in the mesh and outside of it. */
export const productPath = "/api/products";

/** One service in several versions, which lists products: what there is to learn about canaries. */
export const product: ApplicationDeclaration = {
  namespace: "product",
  services: {
    product: {
      image: { source: "apps/product/product/server.ts" },
      ports: { http: { port: 8080 } },
      probes: { ready: "/ready", health: "/health" },
      replicas: 3,
      // Another program, whose answers say more. A stack gives it its share of the requests.
      versions: { v1: {}, v2: { image: { source: "apps/product/product-v2/server.ts" }, weight: 0, replicas: 1 } },
      canary: {},
      resilience: { pool: { maxRequestsPerConnection: 10 } },
      exposed: { products: { path: productPath, versioned: "/api/{version}/products" } },
    },
  },
};
