/*
 * Every published chart and image, each at one exact version. What `sources: built` uses instead is named by
 * airgap/names.ts after its sources.
 */

/** The node image that kind v0.33.0 was released with for the Kubernetes minor version of the built one. */
export const publishedNodeImage =
  "docker.io/kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed";

/** Istio's charts and images share one version. */
export const publishedIstio = {
  repository: "https://istio-release.storage.googleapis.com/charts",
  hub: "docker.io/istio",
  version: "1.30.4",
} as const;

/** Runs the small services of apps/services where they have no image of their own. */
export const publishedNodeRuntime =
  "docker.io/library/node:24.11.1-alpine3.22@sha256:2867d550cf9d8bb50059a0fff528741f11a84d985c732e60e19e8e75c7239c43";

/** The Kubernetes minor version of EKS clusters: the one that the node images of kind have as well. */
export const eksKubernetes = "1.36";

/** The AWS Load Balancer Controller: chart and image share one version. */
export const publishedLoadBalancerController = {
  repository: "https://aws.github.io/eks-charts",
  version: "3.5.0",
  image: { registry: "public.ecr.aws", repository: "eks/aws-load-balancer-controller", tag: "v3.5.0" },
} as const;
