import { chartPath, imageHub, istioTag } from "../airgap/names.ts";
import { type ChartName, type ChartSource, merge, type Sources, type Values } from "../components/support/helm.ts";
import { chartFolder } from "../config/artifacts.ts";
import type { Config } from "../config.ts";
import { type Image, mirrored, redirected } from "../model/image.ts";
import { type PublishedChart, publishedCharts, publishedIstioDigests, publishedIstioImages } from "../model/versions.ts";

type ChartsConfig = Pick<Config, "sources" | "charts" | "images">;

const istioCharts = ["base", "cni", "istiod", "gateway"] as const satisfies readonly ChartName[];

/** Where each chart comes from, with the values that tell Istio's where their images are. */
export function resolveCharts(config: ChartsConfig): Sources["charts"] {
  const names = Object.keys(publishedCharts) as ChartName[];
  const charts = names.map((name) => [name, { ...locate(name, config), values: isIstio(name) ? istioValues(name, config) : {} }]);
  return Object.fromEntries(charts) as Sources["charts"];
}

function isIstio(name: ChartName): name is (typeof istioCharts)[number] {
  return istioCharts.some((one) => one === name);
}

/** A folder or a repository that the stack names, the chart that is made here, or the published one. */
function locate(name: ChartName, { sources, charts }: ChartsConfig): Omit<ChartSource, "values"> {
  const { path, ...elsewhere } = charts[name] ?? {};
  if (path !== undefined) return { chart: chartFolder(path) };
  if (sources === "built" && isIstio(name) && elsewhere.repository === undefined) return { chart: chartPath(name) };
  return inRepository({ ...publishedCharts[name], ...elsewhere });
}

/** A registry of containers that holds charts has no index: Helm is told the chart's whole address. */
function inRepository({ chart, repository, version }: PublishedChart): Omit<ChartSource, "values"> {
  if (!repository.startsWith("oci://")) return { chart, repository, version };
  return { chart: `${repository.replace(/\/$/, "")}/${chart}`, version };
}

/** Istio's charts take one hub and one tag for all images. */
function istioValues(chart: ChartName, { sources, images }: ChartsConfig): Values {
  const builtHere = sources === "built" && !images.istio;
  const {
    registry,
    repository,
    tag = "",
  } = redirected<Image>(mirrored<Image>(publishedIstioImages, images.registry), images.istio);
  const [hub, version] = builtHere ? [imageHub, istioTag()] : [`${registry}/${repository}`, tag];
  const global = { global: { hub, tag: version, imagePullPolicy: "IfNotPresent" } };
  const pinned = chart === "istiod" && !builtHere && tag === publishedIstioImages.tag;
  return merge(merge(global, pinned ? byDigest(hub, version) : {}), (sources === "built" && builtValues[chart]) || {});
}

/** The images of istiod and of the proxies it injects. A name with a slash in it is taken as it is, without hub and tag. */
function byDigest(hub: string, tag: string): Values {
  const image = (name: keyof typeof publishedIstioDigests) => `${hub}/${name}:${tag}@${publishedIstioDigests[name]}`;
  const proxy = { image: image("proxyv2") };
  return { pilot: { image: image("pilot") }, global: { proxy, proxy_init: proxy } };
}

/** What Istio's charts need besides, as built here. */
export const builtValues: Partial<Record<ChartName, Values>> = {
  // The published Envoy has none of the extensions of Istio's own, so istiod must not configure them.
  istiod: {
    pilot: { env: { PILOT_ENABLE_METADATA_EXCHANGE: "false", PILOT_ENABLE_ALPN_FILTER: "false", PILOT_DISABLE_MX_ALPN: "true" } },
    telemetry: { enabled: false },
    meshConfig: { defaultProviders: { metrics: [] } },
  },
  // The chart's placeholder image is called `auto`, which without a policy would mean to pull always.
  gateway: { imagePullPolicy: "IfNotPresent" },
};
