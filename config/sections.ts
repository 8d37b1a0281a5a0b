import type { z } from "zod";
import { mapping, oneOf } from "../model/rules.ts";
import { charts, images } from "./artifacts.ts";
import { cluster, eks, existing } from "./clusters.ts";
import { edge, gateway, istioGateway, kong, tls } from "./gateways.ts";
import { istio, monitoring } from "./mesh.ts";
import { load, service, shop } from "./services.ts";

/** Every section of a stack's configuration. */
export const sections = mapping({
  target: oneOf("kind", "eks", "existing"),
  sources: oneOf("built", "published"),
  gateway: gateway.default("both"),
  cluster: cluster.prefault({}),
  eks: eks.exactOptional(),
  existing: existing.exactOptional(),
  istio: istio.prefault({}),
  monitoring: monitoring.prefault({}),
  tls: tls.prefault({}),
  edge: edge.prefault({}),
  istioGateway: istioGateway.prefault({}),
  kong: kong.prefault({}),
  product: service(3).prefault({}),
  shop: shop.prefault({}),
  load: load.prefault({}),
  charts: charts.prefault({}),
  images: images.prefault({}),
});

/** The sections as they are, each by itself, with its own defaults. */
export type Sections = z.output<typeof sections>;
