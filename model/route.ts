import type { Application } from "./application.ts";
import { exposedPort } from "./exposed.ts";
import { type Account, delegateOf } from "./names.ts";
import type { RoutePolicies } from "./policies.ts";
import type { Port } from "./ports.ts";

/** One row of the route table, the same for every gateway: a path, and whose it is. */
export interface Route {
  /** Requests for exactly this path, or anything below it. `/` is everything that is nobody else's. */
  readonly path: string;
  /** The same with `{version}` in it, such as `/api/{version}/products`: one path for each version. */
  readonly versioned?: string;
  readonly service: Account & Pick<Port, "port" | "protocol">;
  /** Names of the service's versions. */
  readonly versions: readonly string[];
  /** The VirtualService that decides further, in the service's own namespace. */
  readonly delegate: Account;
  /** How long a request may take in the mesh, all tries together, or `none`: gateways must wait longer. */
  readonly timeout: string;
  /** The largest body that a gateway's proxy keeps to send it again, in bytes. @default 1048576 */
  readonly retriedBytes?: number;
  /** Names of the gateways that offer it. */
  readonly gateways: readonly string[];
  readonly policies: RoutePolicies;
}

/** The rows of the route table that an application asks for, on the gateways that run. */
export function routesOf({ namespace, services }: Application, gateways: readonly string[]): Route[] {
  return services.flatMap((service) => {
    const { name, versions, exposed, resilience } = service;
    const offered = exposedPort(service);
    if (!exposed || !offered) return [];
    const { port, protocol } = offered;
    return {
      path: exposed.path,
      ...(exposed.versioned !== undefined && { versioned: exposed.versioned }),
      service: { name, namespace, port, protocol },
      versions: versions.map((version) => version.name),
      delegate: delegateOf(name, namespace),
      timeout: resilience.timeout,
      retriedBytes: resilience.retries.maxBodyBytes,
      gateways: exposed.gateways ?? gateways,
      policies: exposed.policies ?? {},
    };
  });
}
