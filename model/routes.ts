import { delegateOf } from "../components/app/Traffic.ts";
import { defaultResilience, defaultRetriedBytes } from "./resilience.ts";
import type { GatewayName, Route } from "./route.ts";
import type { ApplicationSpec } from "./spec.ts";

/** The rows of the route table that an application asks for, on the gateways that there are. */
export function routesOf({ namespace, services }: ApplicationSpec, gateways: readonly GatewayName[]): Route[] {
  return services.flatMap(({ name, port, versions, exposed, resilience = defaultResilience }) => {
    if (!exposed) return [];
    return {
      path: exposed.path,
      ...(exposed.versioned !== undefined && { versioned: exposed.versioned }),
      service: { name, namespace, port },
      versions: versions.map((version) => version.name),
      delegate: delegateOf(name, namespace),
      timeout: resilience.timeout,
      retriedBytes: resilience.retries.maxBodyBytes ?? defaultRetriedBytes,
      gateways: exposed.gateways ?? gateways,
      policies: exposed.policies ?? {},
    };
  });
}
