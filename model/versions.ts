import type { Image } from "./image.ts";

/*
 * Every published chart and image, each at one exact version. What `sources: built` uses instead is named by
 * airgap/names.ts after its sources; a stack redirects any of them with mesh:charts and mesh:images.
 */

/** A chart in a repository. */
export interface PublishedChart {
  readonly chart: string;
  /** URL of a repository, or of a folder in an OCI registry (`oci://…`). */
  readonly repository: string;
  readonly version: string;
}

/** The Kubernetes minor version of EKS clusters: the one that the nodes of kind have as well. */
export const eksKubernetes = "1.36";

/** Istio's charts and images share one version. */
const istioVersion = "1.30.4";

const istio = (chart: string): PublishedChart => ({
  chart,
  repository: "https://istio-release.storage.googleapis.com/charts",
  version: istioVersion,
});

export const publishedCharts = {
  base: istio("base"),
  cni: istio("cni"),
  istiod: istio("istiod"),
  gateway: istio("gateway"),
  kong: { chart: "kong", repository: "https://charts.konghq.com", version: "3.4.1" },
  certManager: { chart: "cert-manager", repository: "https://charts.jetstack.io", version: "v1.21.2" },
  loadBalancerController: {
    chart: "aws-load-balancer-controller",
    repository: "https://aws.github.io/eks-charts",
    version: "3.5.0",
  },
} as const satisfies Record<string, PublishedChart>;

/** Where Istio's own images are, and their tag: its charts take one for all of them. */
export const publishedIstioImages = { registry: "docker.io", repository: "istio", tag: istioVersion } as const satisfies Image;

/** What that tag stands for, by the names of the images, wherever they are mirrored. The CNI agent's is by tag alone. */
export const publishedIstioDigests = {
  pilot: "sha256:c236c1df5cc127fe193e5a17d8ece9cdd0dc17c5d89b4e20baf01d464f029dce",
  proxyv2: "sha256:43b6aeab7428470d3d0ea6b6f0bc217e5b36df2b279bba337643df48590226d9",
} as const;

const image = (registry: string, repository: string, tag: string, digest: string) => ({
  ...{ registry, repository, tag },
  digest: `sha256:${digest}`,
});
const certManager = (name: string, digest: string) =>
  image("quay.io", `jetstack/cert-manager-${name}`, publishedCharts.certManager.version, digest);

export const publishedImages = {
  /** What kind v0.33.0 was released with for the Kubernetes minor version of the built one. */
  node: image("docker.io", "kindest/node", "v1.36.4", "099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed"),
  /** Runs the programs of apps/ where they have no image of their own. */
  nodeRuntime: image(
    "docker.io",
    "library/node",
    "24.11.1-alpine3.22",
    "2867d550cf9d8bb50059a0fff528741f11a84d985c732e60e19e8e75c7239c43",
  ),
  postgresql: image(
    "docker.io",
    "library/postgres",
    "17.11-trixie",
    "d74eeac9a635390a49bc21bd49fccd973de707e2a53a76ac49b552b8712ec46f",
  ),
  fortio: image("docker.io", "fortio/fortio", "1.75.3", "942c86131c24ee9bd4a7754610be417ac1b9fe2f11d1860620a9f6932ceb712f"),
  /** Kong of the 3.9 series: later ones take nothing from a controller without a licence. */
  kong: image("docker.io", "library/kong", "3.9.3", "4d6a4ead594e9bf468d07a54d30a57991904b220403af1a43c5a3679615d11de"),
  /** The series that the chart is of. */
  kongController: image(
    "docker.io",
    "kong/kubernetes-ingress-controller",
    "3.5.13",
    "979f12864a13031545d58623d17af7a071b417396fbb3928a169d897b056b68f",
  ),
  certManagerController: certManager("controller", "70f532fd9cfde0b09d55687200942399d89838bc2d5d5b45152eb799a15912b8"),
  certManagerWebhook: certManager("webhook", "a60e2dac46dbb8a7f3df95c54ce941012f54c2fe022f0ee55aaa1ab40ed957ae"),
  certManagerCainjector: certManager("cainjector", "c85268c64f2e0e76684bf5fe8906caff34b82523561c6affe0fae3546bd87562"),
  certManagerStartupapicheck: certManager("startupapicheck", "46e75b6866359ffb5d82624f41e3ed1c70b2994982702ced547ce5edb418a8f5"),
  certManagerAcmesolver: certManager("acmesolver", "699b40d622211ab7accad8a21b04c5fbaa1841ef7a12621e8de492dbe27b2503"),
  loadBalancerController: image(
    "public.ecr.aws",
    "eks/aws-load-balancer-controller",
    "v3.5.0",
    "298acdff5a571731276aaea3d5cc450a264e4ad710a5bddf3e518f68a3f9f6cb",
  ),
} as const satisfies Record<string, Image>;

/** The image of every container that is not Istio's, whose charts hold theirs as values. Nodes have theirs before there is a Target. */
export type PlatformImages = Readonly<Record<Exclude<keyof typeof publishedImages, "node" | "nodeRuntime">, Image>>;
