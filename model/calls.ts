import { z } from "zod";
import { listOf, message, method, path, strictObject } from "./rules.ts";

/** One edge of the call graph: a service, database or any other workload by its name, and what is asked of it. */
export const call = strictObject({
  /** `name` in the same application, or `namespace/name`. */
  to: z.string(message("text")),
  /** The name of one of its ports. @default the only one */
  port: z.string(message("the name of a port")).exactOptional(),
  /** Of HTTP. @default all */
  methods: listOf(method(), "methods", { absent: "every method" }).exactOptional(),
  /**
   * Each means itself and all below it. Of gRPC `/package.Service` is a service, and `/package.Service/Method` one of its methods. Only
   * what proxies see requests on has paths: no port of `tcp` or `tls`. @default all
   */
  paths: listOf(path(), "paths", { absent: "every path" }).exactOptional(),
});
export type Call = z.output<typeof call>;
