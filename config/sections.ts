import { z } from "zod";
import { bounds } from "../model/gatewayBounds.ts";
import { edge, kong, tls } from "../model/gatewaySettings.ts";
import { byName, message, oneOf, strictObject, text } from "../model/rules.ts";
import { charts, images } from "./artifacts.ts";
import { cluster, eks, existing } from "./clusters.ts";
import { istio, monitoring } from "./mesh.ts";

/**
 * What a stack overrides of its applications, by namespace and name: `mesh:apps`. The options are those of `model/application.ts` and
 * are judged with the declarations, in `model/checks/`.
 */
const apps = byName(
  byName(z.record(z.string(), z.unknown(), message("a mapping of options")), "services, databases and load generators"),
  "applications",
);

/** Values that pods are given as Secrets: by name, encrypted. */
const secrets = z.record(
  text(/^[A-Za-z][\w-]{0,99}$/, "letters, digits, hyphens and underscores, beginning with a letter"),
  z.string(message("text")).min(1, message("text that is not empty")),
  message("a mapping of names to values"),
);

/** Every section of a stack's configuration. */
export const sections = strictObject({
  target: oneOf("kind", "eks", "existing"),
  sources: oneOf("built", "published"),
  gateway: oneOf("kong", "istio", "both").default("both"),
  cluster: cluster.prefault({}),
  eks: eks.exactOptional(),
  existing: existing.exactOptional(),
  istio: istio.prefault({}),
  monitoring: monitoring.prefault({}),
  tls: tls.prefault({}),
  edge: edge.prefault({}),
  istioGateway: bounds.prefault({}),
  kong: kong.prefault({}),
  apps: apps.default({}),
  secrets: secrets.default({}),
  charts: charts.prefault({}),
  images: images.prefault({}),
});

/** The sections as they are, each by itself, with its own defaults. */
export type Sections = z.output<typeof sections>;
