import { readFileSync } from "node:fs";
import { chartPath, imageHub, imageReference, istioTag } from "../airgap/names.ts";
import type { ChartSource, Values } from "../components/support/helm.ts";
import { publishedIstio, publishedNodeRuntime } from "../components/support/versions.ts";
import type { Config } from "../config.ts";
import type { ServiceName, Sources } from "./Target.ts";

type Chart = keyof Sources["charts"];

/** Resolves `mesh:sources`, once, into what every component takes its charts and images from. */
export function resolveSources(sources: Config["sources"]): Sources {
  return sources === "built" ? built() : published();
}

/** Images in the nodes' own storage and charts in folders, both made by airgap/. */
function built(): Sources {
  const chart = (name: Chart, values: Values = {}): ChartSource => ({
    chart: chartPath(name),
    values: { ...istioImages(imageHub, istioTag()), ...values },
  });
  const { repository, tag } = imageReference("product");
  return {
    charts: {
      base: chart("base"),
      cni: chart("cni"),
      istiod: chart("istiod", upstreamEnvoy),
      // The chart's placeholder image is called `auto`, which without a policy would mean to pull always.
      gateway: chart("gateway", { imagePullPolicy: "IfNotPresent" }),
    },
    images: { product: { reference: `${repository}:${tag}` } },
  };
}

/** The published Envoy has none of the extensions of Istio's own, so istiod must not configure them. */
const upstreamEnvoy: Values = {
  pilot: { env: { PILOT_ENABLE_METADATA_EXCHANGE: "false", PILOT_ENABLE_ALPN_FILTER: "false", PILOT_DISABLE_MX_ALPN: "true" } },
  telemetry: { enabled: false },
  meshConfig: { defaultProviders: { metrics: [] } },
};

/** Images from public registries and charts from Istio's repository; services are their source on a public Node.js image. */
function published(): Sources {
  const { repository, version, hub } = publishedIstio;
  const chart = (name: string): ChartSource => ({ chart: name, repository, version, values: istioImages(hub, version) });
  return {
    charts: { base: chart("base"), cni: chart("cni"), istiod: chart("istiod"), gateway: chart("gateway") },
    images: { product: { reference: publishedNodeRuntime, program: program("product") } },
  };
}

function istioImages(hub: string, tag: string): Values {
  return { global: { hub, tag, imagePullPolicy: "IfNotPresent" } };
}

function program(service: ServiceName): { file: string; content: string } {
  return { file: "server.ts", content: readFileSync(new URL(`../apps/services/${service}/server.ts`, import.meta.url), "utf8") };
}
