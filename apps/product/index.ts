import type { Config } from "../../config.ts";
import type { ApplicationSpec, Exposed, ServiceSpec } from "../../model/spec.ts";
import type { ServiceImages } from "../../stacks/Target.ts";

/** The path under which the product service answers, in the mesh and outside of it. */
export const productPath = "/api/products";

/** One service in two versions, which lists products: what there is to learn about canaries. */
export function product({ product }: Config, images: ServiceImages): ApplicationSpec {
  return {
    namespace: "product",
    services: [
      {
        name: "product",
        image: images.product,
        port: 8080,
        probes: { ready: "/ready", health: "/health" },
        ...configured(product),
        exposed: { path: productPath, versioned: "/api/{version}/products", ...offered(product) },
      },
    ],
  };
}

/** What a stack's configuration says of a service. */
export function configured({
  versions,
  canary,
  resilience,
}: Config["product"]): Pick<ServiceSpec, "versions" | "canary" | "resilience"> {
  // With a single version there is nothing to choose.
  return { versions, resilience, ...(versions.length > 1 && { canary }) };
}

/** What it says of how gateways offer the service. */
export function offered({ policies, methods, gateways }: Config["product"]): Pick<Exposed, "policies" | "methods" | "gateways"> {
  return { policies, methods, ...(gateways && { gateways }) };
}
