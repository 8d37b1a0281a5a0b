import type { DatabaseSpec } from "../components/app/Database.ts";
import type { LoadSpec } from "../components/app/LoadGenerator.ts";
import type { MicroserviceArgs, ServiceVersion } from "../components/app/Microservice.ts";
import type { Canary, WeightedVersion } from "../components/app/Traffic.ts";
import type { Resilience } from "./resilience.ts";
import type { GatewayName, RoutePolicies } from "./route.ts";

/*
 * An application as its team declares it, as data: everything in the mesh, the gateways and the policies derives from it.
 */

/** Services that belong together, in one namespace. */
export interface ApplicationSpec {
  readonly namespace: string;
  readonly services: readonly ServiceSpec[];
  readonly databases?: readonly DatabaseSpec[];
  readonly loads?: readonly LoadSpec[];
}

/** A service that speaks HTTP. */
export interface ServiceSpec extends Pick<MicroserviceArgs, "image" | "port" | "containerPort" | "probes" | "resources" | "env"> {
  readonly name: string;
  readonly versions: readonly (ServiceVersion & WeightedVersion)[];
  /** @default none */
  readonly canary?: Canary;
  /** @default {@link defaultResilience} */
  readonly resilience?: Resilience;
  /** Whom it calls. Nobody else lets it in. @default nobody */
  readonly calls?: readonly Call[];
  /** What gateways offer of it. @default nothing: it is for the mesh alone */
  readonly exposed?: Exposed;
}

/** One edge of the call graph: a service, database or any other workload by its name, and what is asked of it. */
export interface Call {
  /** `name` in the same application, or `namespace/name`. */
  readonly to: string;
  /** @default all; a database knows none */
  readonly methods?: readonly string[];
  /** Each means itself and all below it. @default all; a database knows none */
  readonly paths?: readonly string[];
}

export interface Exposed {
  /** Requests for exactly this path, or anything below it. */
  readonly path: string;
  /** @default GET, HEAD */
  readonly methods?: readonly string[];
  /** A path with `{version}` in it, under which each version can be asked for by its name. @default none */
  readonly versioned?: string;
  /** @default every gateway there is */
  readonly gateways?: readonly GatewayName[];
  /** @default none */
  readonly policies?: RoutePolicies;
}
