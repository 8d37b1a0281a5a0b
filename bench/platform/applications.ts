import type { ApplicationSpec, ServiceSpec } from "../../model/application.ts";
import { service } from "../../tests/lib/shop.ts";

/** Services of one application. */
const perApplication = 10;

/**
 * Applications of ten services each, so that a size of the platform is a number: every service but the first of its
 * application is called by the one before it, and the first is offered by the gateways.
 */
export function generatedApplications(services: number): ApplicationSpec[] {
  return Array.from({ length: Math.ceil(services / perApplication) }, (_, index) => {
    const size = Math.min(perApplication, services - index * perApplication);
    return { namespace: `team-${index}`, services: Array.from({ length: size }, (_, place) => generated(index, place, size)) };
  });
}

function generated(application: number, place: number, size: number): ServiceSpec {
  const name = `service-${application}-${place}`;
  return service(name, {
    versions: [{ name: "v1", weight: 100, replicas: 1 }],
    ...(place + 1 < size && { calls: [{ to: `service-${application}-${place + 1}`, methods: ["GET"], paths: ["/api"] }] }),
    ...(place === 0 && { exposed: { path: `/${name}` } }),
  });
}
