import type { ApplicationDeclaration } from "../../model/application.ts";

/** Services of one application. */
const perApplication = 10;

type Service = NonNullable<ApplicationDeclaration["services"]>[string];

/**
 * Applications of ten services each, as their teams would declare them, so that a size of the platform is a number: every service but
 * the first of its application is called by the one before it, and the first is offered by the gateways.
 */
export function generatedApplications(services: number): ApplicationDeclaration[] {
  return Array.from({ length: Math.ceil(services / perApplication) }, (_, index) => {
    const size = Math.min(perApplication, services - index * perApplication);
    const named = Array.from({ length: size }, (_, place) => [nameOf(index, place), generated(index, place, size)] as const);
    return { namespace: `team-${index}`, services: Object.fromEntries(named) };
  });
}

const nameOf = (application: number, place: number) => `service-${application}-${place}`;

function generated(application: number, place: number, size: number): Service {
  return {
    image: { registry: "registry", repository: "service", tag: "1" },
    ports: { http: { port: 8080 } },
    probes: { ready: "/ready", health: "/health" },
    replicas: 1,
    ...(place + 1 < size && { calls: [{ to: nameOf(application, place + 1), methods: ["GET"], paths: ["/api"] }] }),
    ...(place === 0 && { exposed: { api: { path: `/${nameOf(application, place)}` } } }),
  };
}
