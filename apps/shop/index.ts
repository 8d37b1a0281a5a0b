import type { Config } from "../../config.ts";
import { serviceHost } from "../../model/serviceHost.ts";
import type { ApplicationSpec } from "../../model/spec.ts";
import type { PlatformImages } from "../../stacks/Target.ts";
import { configured, offered } from "../product/index.ts";

const namespace = "prod";

/** Where a stack's file sets the size of a database's volume, by the database's place: messages name the setting. */
export const storageSettings: Readonly<Record<string, string>> = { [`${namespace}/database`]: "mesh:shop.database.storage" };

const probes = { ready: "/ready", health: "/health" };

/** A page, what it shows, and where that is kept: frontend → backend → database. */
export function shop(
  { shop: { frontend, backend, database } }: Config,
  { services, postgresql }: PlatformImages,
): ApplicationSpec {
  return {
    namespace,
    services: [
      {
        name: "frontend",
        image: services.frontend,
        port: 80,
        containerPort: 8080,
        probes,
        ...configured(frontend),
        env: { BACKEND_URL: `http://${serviceHost({ name: "backend", namespace })}:3000` },
        calls: [{ to: "backend", methods: ["GET", "HEAD"], paths: ["/api/catalog"] }],
        exposed: { path: "/", ...offered(frontend) },
      },
      {
        name: "backend",
        image: services.backend,
        port: 3000,
        probes,
        ...configured(backend),
        calls: [{ to: "database" }],
        exposed: { path: "/api", ...offered(backend) },
      },
    ],
    databases: [{ name: "database", image: postgresql, database: "shop", user: "shop", storage: database.storage }],
  };
}
