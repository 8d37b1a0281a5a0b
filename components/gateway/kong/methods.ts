import { isBelow, isWithin } from "../../../model/hosts.ts";
import type { Route } from "../../../model/route.ts";
import { type Row, type Table, takesAll } from "../../../model/routeTable.ts";

/** All methods that Kong is told of where it tells requests by their methods. */
const allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/**
 * The methods that Kong has to be told of a row; undefined where it need not be told any.
 *
 * Kong prefers a route that says more of host, path and method to one that says less, before it looks for the longest path. So what is
 * below a path of which methods are told apart has to say methods too. So has a host's route where one with methods is for all
 * hosts below a name; and one for these where one with methods is for all hosts, which says as much then, and is found by its path alone.
 */
export function methodsOf(row: Row, table: Table, tables: readonly Table[]): readonly string[] | undefined {
  const { methods, otherMethods } = row;
  if (row.route.service.protocol === "grpc") return undefined;
  if (methods) return methods;
  if (otherMethods) return allMethods.filter((method) => !otherMethods.includes(method));
  const elsewhere = tables.filter((other) => isBroader(other, table)).flatMap(({ rows }) => rows.filter(isTold));
  const says = (one: Row) => isTold(one) || elsewhere.some((other) => takesAll(other, one) || takesAll(one, other));
  return table.rows.some((other) => says(other) && takesAll(other, row)) ? allMethods : undefined;
}

/** Whether a table's routes are for the hosts of another one too, and only what they say besides tells which of both are meant. */
function isBroader({ hosts }: Table, { hosts: own = [] }: Table): boolean {
  if (!hosts) return own.some(isBelow);
  return own.some((host) => hosts.some((below) => host !== below && isWithin(host, below)));
}

const isTold = ({ methods, otherMethods }: Row) => methods !== undefined || otherMethods !== undefined;

/** Routes of gRPC, which say no methods, below others that do: Kong would never find them. */
export function unreachableByKong(tables: readonly Table[]): { readonly route: Route; readonly below: string }[] {
  return tables.flatMap((table) =>
    table.rows
      .filter(({ route }) => route.service.protocol === "grpc")
      .flatMap((row) => {
        const above = table.rows.find((other) => methodsOf(other, table, tables) && takesAll(other, row));
        return above ? [{ route: row.route, below: above.path || "/" }] : [];
      }),
  );
}
