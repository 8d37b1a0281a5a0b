import type { ApplicationDeclaration } from "../../model/application.ts";
import { serviceHost } from "../../model/names.ts";

const namespace = "prod";
const probes = { ready: "/ready", health: "/health" };

const backendUrl = `http://${serviceHost({ name: "backend", namespace })}:3000`;
const recommendations = { name: "recommendations", namespace };

/** A page, what it shows, and where that is kept: frontend → backend → database, and frontend → recommendations over gRPC. */
export const shop: ApplicationDeclaration = {
  namespace,
  services: {
    frontend: {
      image: { source: "apps/shop/frontend/server.ts" },
      ports: { http: { port: 80, target: 8080 } },
      probes,
      canary: {},
      env: {
        BACKEND_URL: backendUrl,
        RECOMMENDATIONS_ADDRESS: `${serviceHost(recommendations)}:50051`,
      },
      calls: [
        { to: "backend", methods: ["GET", "HEAD"], paths: ["/api/catalog"] },
        { to: recommendations.name, paths: ["/shop.Recommendations/List"] },
      ],
      exposed: { page: { path: "/" } },
    },
    backend: {
      image: { source: "apps/shop/backend/server.ts" },
      ports: { http: { port: 3000 } },
      probes,
      canary: {},
      calls: [{ to: "database" }],
      exposed: {
        api: { path: "/api" },
        // The page holds it open for as long as somebody looks.
        events: { path: "/api/events", exact: true, stream: true },
      },
    },
    [recommendations.name]: {
      image: { source: "apps/shop/recommendations/server.ts" },
      ports: { grpc: { port: 50051, protocol: "grpc", idempotent: true } },
      // One program, of which a variable makes two versions.
      versions: { v1: { env: { STRATEGY: "neighbours" } }, v2: { env: { STRATEGY: "opposites" }, weight: 20 } },
      replicas: 1,
      canary: {},
      // A stream lasts as long as both sides like.
      resilience: { timeout: "none" },
      exposed: { grpc: { path: "/shop.Recommendations" } },
    },
  },
  jobs: {
    migrate: {
      image: { source: "apps/shop/jobs/main.ts" },
      args: ["migrate"],
      calls: [{ to: "database" }],
      before: ["backend"],
    },
    report: {
      image: { source: "apps/shop/jobs/main.ts" },
      args: ["report"],
      env: { BACKEND_URL: backendUrl },
      calls: [{ to: "backend", methods: ["GET"], paths: ["/api/catalog"] }],
      schedule: "0 3 * * *",
    },
  },
  databases: { database: { database: "shop", user: "shop", storage: "1Gi" } },
};
