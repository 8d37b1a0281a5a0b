import type { Application } from "./application.ts";
import { exposuresOf, isTreatedOtherwise, type NamedExposure, type Redirect, resilienceFor } from "./exposed.ts";
import { type Account, delegateOf, entranceOf } from "./names.ts";
import type { RoutePolicies } from "./policies.ts";
import type { Port } from "./ports.ts";

/** One row of the route table, the same for every gateway: requests, and whose they are. */
export interface Route {
  /** The name of the exposure, which is unique in its service. */
  readonly name: string;
  /** Names, and `*.` and a name for all hosts right below that. @default every host that is served */
  readonly hosts?: readonly string[];
  /** Requests for exactly this path, or anything below it. `/` is everything that is nobody else's. */
  readonly path: string;
  /** Whether nothing below the path is meant. @default false */
  readonly exact?: boolean;
  /** The path with `{version}` in it, such as `/api/{version}/products`: one path for each version. */
  readonly versioned?: string;
  /** The methods that tell it from other routes of the same path. @default all, as of gRPC */
  readonly methods?: readonly string[];
  /** Whether gateways have to refuse other methods themselves, as the service allows them what another of its exposures has. */
  readonly isGuarded?: boolean;
  readonly service: Account & Pick<Port, "port" | "protocol">;
  /** Names of the service's versions. */
  readonly versions: readonly string[];
  /** The VirtualService that decides further, in the service's own namespace. */
  readonly delegate: Account;
  /** The Service with rules of the route's own, for gateways that know rules by the Service. @default the service's */
  readonly entrance?: Account;
  /** Where requests are sent instead of to the service. @default none */
  readonly redirect?: Redirect;
  /** How long a request may take in the mesh, all tries together, or `none`: gateways must wait longer. */
  readonly timeout: string;
  /** Whether answers are streams, which are handed on part by part. @default false */
  readonly stream?: boolean;
  /** The largest body that a gateway's proxy keeps to send it again, in bytes. @default 1048576 */
  readonly retriedBytes?: number;
  /** Names of the gateways that offer it. */
  readonly gateways: readonly string[];
  readonly policies: RoutePolicies;
}

/** The rows of the route table that an application asks for, on the gateways that run. */
export function routesOf({ namespace, services }: Application, gateways: readonly string[]): Route[] {
  return services.flatMap((service) =>
    exposuresOf(service).map((own, _, all): Route => {
      const { name, exposure, methods } = own;
      const { port, protocol } = own.port;
      const { hosts, path, exact, versioned, redirect, stream, policies = {} } = exposure;
      const { resilience, versions } = service;
      return {
        name,
        ...(hosts && { hosts }),
        path,
        ...(exact && { exact }),
        ...(versioned !== undefined && { versioned }),
        ...(methods && { methods }),
        ...(isGuarded(own, all) && { isGuarded: true }),
        service: { name: service.name, namespace, port, protocol: redirect ? "http" : protocol },
        versions: versions.map((version) => version.name),
        delegate: delegateOf(service.name, own, namespace),
        ...(isTreatedOtherwise(own, all) && { entrance: entranceOf(service.name, name, namespace) }),
        ...(redirect && { redirect }),
        timeout: resilienceFor(exposure, resilience).timeout,
        ...(stream && { stream }),
        retriedBytes: resilience.retries.maxBodyBytes,
        gateways: exposure.gateways ?? gateways,
        policies,
      };
    }),
  );
}

/** Whether what one exposure does not allow another one of the same port does: the service cannot tell by which a request has come. */
function isGuarded({ methods = [], port }: NamedExposure, all: readonly NamedExposure[]): boolean {
  const others = all.filter((other) => other.port.name === port.name).flatMap((other) => other.methods ?? []);
  return methods.length > 0 && others.some((method) => !methods.includes(method));
}
