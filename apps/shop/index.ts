import type { ApplicationDeclaration } from "../../model/application.ts";
import { serviceHost } from "../../model/names.ts";

const namespace = "prod";
const probes = { ready: "/ready", health: "/health" };

/** A page, what it shows, and where that is kept: frontend → backend → database. */
export const shop: ApplicationDeclaration = {
  namespace,
  services: {
    frontend: {
      image: { source: "apps/shop/frontend/server.ts" },
      port: 80,
      containerPort: 8080,
      probes,
      canary: {},
      env: { BACKEND_URL: `http://${serviceHost({ name: "backend", namespace })}:3000` },
      calls: [{ to: "backend", methods: ["GET", "HEAD"], paths: ["/api/catalog"] }],
      exposed: { path: "/" },
    },
    backend: {
      image: { source: "apps/shop/backend/server.ts" },
      port: 3000,
      probes,
      canary: {},
      calls: [{ to: "database" }],
      exposed: { path: "/api" },
    },
  },
  databases: { database: { database: "shop", user: "shop", storage: "1Gi" } },
};
