import type { Application } from "./application.ts";
import { delegateOf } from "./names.ts";
import type { Route } from "./route.ts";

/** The rows of the route table that an application asks for, on the gateways that run. */
export function routesOf({ namespace, services }: Application, gateways: readonly string[]): Route[] {
  return services.flatMap(({ name, port, versions, exposed, resilience }) => {
    if (!exposed) return [];
    return {
      path: exposed.path,
      ...(exposed.versioned !== undefined && { versioned: exposed.versioned }),
      service: { name, namespace, port },
      versions: versions.map((version) => version.name),
      delegate: delegateOf(name, namespace),
      timeout: resilience.timeout,
      retriedBytes: resilience.retries.maxBodyBytes,
      gateways: exposed.gateways ?? gateways,
      policies: exposed.policies ?? {},
    };
  });
}
