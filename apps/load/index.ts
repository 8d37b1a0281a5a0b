import type { ApplicationDeclaration } from "../../model/application.ts";
import { serviceHost } from "../../model/names.ts";
import { productPath } from "../product/index.ts";

/** A steady trickle of requests from inside the mesh, so that there is something to watch. */
export const load: ApplicationDeclaration = {
  namespace: "load",
  loadGenerators: {
    generator: {
      url: `http://${serviceHost({ name: "product", namespace: "product" })}:8080${productPath}`,
      calls: [{ to: "product/product", methods: ["GET"], paths: [productPath] }],
    },
  },
};
