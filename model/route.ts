import type { Account } from "./names.ts";
import type { RoutePolicies } from "./policies.ts";

/** One row of the route table, the same for every gateway: a path, and whose it is. */
export interface Route {
  /** Requests for exactly this path, or anything below it. `/` is everything that is nobody else's. */
  readonly path: string;
  /** The same with `{version}` in it, such as `/api/{version}/products`: one path for each version. */
  readonly versioned?: string;
  readonly service: Account & { readonly port: number };
  /** Names of the service's versions. */
  readonly versions: readonly string[];
  /** The VirtualService that decides further, in the service's own namespace. */
  readonly delegate: Account;
  /** How long a request may take in the mesh, all tries together: gateways must wait longer. */
  readonly timeout: string;
  /** The largest body that a gateway's proxy keeps to send it again, in bytes. @default 1048576 */
  readonly retriedBytes?: number;
  /** Names of the gateways that offer it. */
  readonly gateways: readonly string[];
  readonly policies: RoutePolicies;
}
