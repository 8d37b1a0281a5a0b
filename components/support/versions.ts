/*
 * Every published chart and image, each at one exact version. What `sources: built` uses instead is named by
 * airgap/names.ts after its sources.
 */

/** The node image that kind v0.33.0 was released with for the Kubernetes version of the built one. */
export const publishedNodeImage =
  "docker.io/kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed";
