import type { ApplicationDeclaration } from "../../model/application.ts";

/*
 * Bookinfo, a page of a book's details and reviews, whose reviews come in three versions of one image each; from the facts of its public
 * manifests. https://github.com/istio/istio, samples/bookinfo/platform/kube/bookinfo.yaml, 1.20.1
 */

const image = (name: string) =>
  ({ registry: "docker.io", repository: `istio/examples-bookinfo-${name}`, tag: "1.20.1" }) as const;
const ports = { http: { port: 9080 } } as const;

export const bookinfo: ApplicationDeclaration = {
  namespace: "bookinfo",
  services: {
    productpage: {
      ...{ image: image("productpage-v1"), ports, replicas: 1 },
      // The manifests have no probes; the page and both of these services answer on /health.
      probes: { ready: "/health", health: "/health" },
      container: { scratch: { "/tmp": "64Mi" } },
      resources: { requests: { cpu: "10m", memory: "128Mi" } },
      calls: [
        { to: "details", methods: ["GET"], paths: ["/details"] },
        { to: "reviews", methods: ["GET"], paths: ["/reviews"] },
        { to: "ratings", methods: ["GET"], paths: ["/ratings"] },
      ],
      exposed: { page: { path: "/", methods: ["GET", "HEAD", "POST"] } },
    },
    details: { image: image("details-v1"), ports, replicas: 1, probes: { ready: "/health", health: "/health" } },
    ratings: { image: image("ratings-v1"), ports, replicas: 1, probes: { ready: "/health", health: "/health" } },
    reviews: {
      ...{ image: image("reviews-v1"), ports, replicas: 1 },
      // A server that starts slowly and takes what memory it finds.
      probes: { ready: "/health", startWithin: "3m" },
      resources: { requests: { cpu: "10m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      env: { LOG_DIR: "/tmp/logs" },
      container: { scratch: { "/tmp": "64Mi", "/opt/ibm/wlp/output": "64Mi" } },
      versions: {
        v1: {},
        v2: { image: { repository: "istio/examples-bookinfo-reviews-v2" }, weight: 0 },
        v3: { image: { repository: "istio/examples-bookinfo-reviews-v3" }, weight: 0 },
      },
      // Who sends `x-canary: true` sees the stars of v3; v2 and v3 call the ratings.
      canary: { version: "v3" },
      // virtual-service-reviews-test-v2.yaml: the user who is logged in as jason sees the stars of v2.
      rules: { match: [{ headers: { "end-user": "jason" }, version: "v2" }] },
      calls: [{ to: "ratings", methods: ["GET"], paths: ["/ratings"] }],
    },
  },
};
