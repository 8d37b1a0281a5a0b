import type { Config } from "../../config.ts";
import { serviceHost } from "../../model/serviceHost.ts";
import type { ApplicationSpec } from "../../model/spec.ts";
import type { PlatformImages } from "../../stacks/Target.ts";
import { productPath } from "../product/index.ts";

/** A steady trickle of requests from inside the mesh, so that there is something to watch. */
export function load({ load: { qps } }: Config, { fortio }: PlatformImages): ApplicationSpec {
  return {
    namespace: "load",
    services: [],
    loads: [
      {
        name: "generator",
        image: fortio,
        qps,
        url: `http://${serviceHost({ name: "product", namespace: "product" })}:8080${productPath}`,
        calls: [{ to: "product/product", methods: ["GET"], paths: [productPath] }],
      },
    ],
  };
}
