import type { ApplicationSpec } from "../components/app/Application.ts";
import type { ServiceImage } from "../components/app/Microservice.ts";
import type { Config } from "../config.ts";

/** The path under which the product service answers, in the mesh and outside of it. */
export const productPath = "/api/products";

/** One service in three copies, which lists products. */
export function product({ versions, canary, resilience }: Config["product"], image: ServiceImage): ApplicationSpec {
  return {
    namespace: "product",
    services: [
      {
        name: "product",
        image,
        port: 8080,
        probes: { ready: "/ready", health: "/health" },
        versions,
        // With a single version there is nothing to choose.
        ...(versions.length > 1 && { canary }),
        resilience,
        exposed: { path: productPath },
      },
    ],
  };
}
