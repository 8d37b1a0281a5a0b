import type { Config } from "../config.ts";
import type { ApplicationSpec } from "../model/spec.ts";
import type { PlatformImages } from "../stacks/Target.ts";
import { load } from "./load/index.ts";
import { product } from "./product/index.ts";
import { shop } from "./shop/index.ts";

/** Every application of the platform. A further one is an entry here. */
export function applications(config: Config, images: PlatformImages): ApplicationSpec[] {
  return [product(config, images.services), shop(config, images), ...(config.load.qps > 0 ? [load(config, images)] : [])];
}
