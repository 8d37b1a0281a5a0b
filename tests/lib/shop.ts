import { gatewayFacts } from "../../components/gateway/facts.ts";
import type { ApplicationDeclaration, ApplicationSpec, ServiceSpec } from "../../model/application.ts";
import type { GatewayName } from "../../model/gateway.ts";
import { defaultResilience } from "../../model/resilience.ts";

const image = { registry: "registry", repository: "image", tag: "1" };

/** A service of one version that nobody calls, with members replaced. */
export function service(name: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    image: { reference: "registry/service:1" },
    port: 8080,
    probes: { ready: "/ready", health: "/health" },
    versions: [{ name: "v1", weight: 100, replicas: 2 }],
    resilience: defaultResilience,
    ...changes,
  };
}

/** Applications as their teams would declare them. */
export function declared(applications: readonly ApplicationSpec[]): ApplicationDeclaration[] {
  const byName = <T extends { readonly name: string }, D>(members: readonly T[], declare: (member: Omit<T, "name">) => D) =>
    Object.fromEntries(members.map(({ name, ...member }) => [name, declare(member)]));
  return applications.map(({ namespace, services, databases = [], loadGenerators = [] }) => ({
    namespace,
    services: byName(services, ({ image: _, versions, ...service }) => ({
      ...service,
      image: { registry: "registry", repository: "service", tag: "1" },
      versions: byName(versions, (version) => version),
    })),
    databases: byName(databases, (database) => database),
    loadGenerators: byName(loadGenerators, (load) => load),
  }));
}

/** What is known of gateways, by their names. */
export const factsOf = (...names: readonly GatewayName[]) => names.map((name) => gatewayFacts[name]);

/** A shop of three tiers, a second application beside it, and a load on that: one of each kind of edge. */
export function shop(
  changes: Partial<Record<"frontend" | "backend" | "product", Partial<ServiceSpec>>> = {},
): readonly [ApplicationSpec, ApplicationSpec, ApplicationSpec] {
  const frontend = service("frontend", {
    port: 80,
    containerPort: 8080,
    calls: [{ to: "backend", methods: ["GET", "HEAD"], paths: ["/api/catalog"] }],
    exposed: { path: "/" },
    ...changes.frontend,
  });
  const backend = service("backend", { port: 3000, calls: [{ to: "database" }], exposed: { path: "/api" }, ...changes.backend });
  const product = service("product", {
    versions: [
      { name: "v1", weight: 90, replicas: 3 },
      { name: "v2", weight: 10, replicas: 1 },
    ],
    canary: { header: "x-canary", version: "v2" },
    exposed: { path: "/api/products", versioned: "/api/{version}/products" },
    ...changes.product,
  });
  return [
    {
      namespace: "prod",
      services: [frontend, backend],
      databases: [{ name: "database", image, database: "shop", user: "shop", storage: "1Gi" }],
    },
    { namespace: "product", services: [product] },
    {
      namespace: "load",
      services: [],
      loadGenerators: [
        {
          name: "generator",
          image,
          qps: 1,
          url: "http://product.product.svc.cluster.local:8080/api/products",
          calls: [{ to: "product/product", methods: ["GET"], paths: ["/api/products"] }],
        },
      ],
    },
  ];
}
