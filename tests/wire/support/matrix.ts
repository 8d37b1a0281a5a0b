import { serviceHost } from "../../../model/names.ts";
import { hasRequests } from "../../../model/ports.ts";
import { accountOf, type MatrixRow } from "../../lib/matrixRows.ts";
import { type Forgery, forgeries } from "./forgeries.ts";
import type { Probe } from "./inside/protocol.ts";
import type { Endpoint } from "./probes.ts";

/** A probe, and what is to come of it. */
export interface Expectation extends Probe {
  readonly from: string;
  readonly to: string;
  /** How it is asked, where that is not just as a caller does: what is forged of it, or that it goes past the caller's proxy. */
  readonly how: string;
  /** Whether what is declared allows it. */
  readonly allowed: boolean;
  /** What the service then answers; undefined for a database, which greets. */
  readonly answer?: number;
}

/**
 * Everything worth asking: every pair, what is declared of it, and what comes near that; through the caller's proxy, which
 * encrypts it, and past that, by a caller that holds the same certificate and says whatever it likes.
 *
 * @param endpoints - the pods of each workload.
 */
export function expectations(matrix: readonly MatrixRow[], endpoints: ReadonlyMap<string, readonly Endpoint[]>): Expectation[] {
  return matrix.flatMap((row): Expectation[] => {
    const { from, to, protocol, port, allowed } = row;
    if (protocol === undefined || port === undefined) return [];
    const [pod] = endpoints.get(to) ?? [];
    if (!pod) throw new Error(`no pod of ${to} is ready`);
    const service = { from, to, host: hostOf(to), port, how: "" };
    const itself = { from, to, ...pod, tls: "own" as const, how: "past its proxy" };
    if (!hasRequests(protocol)) return [service, itself].map((target) => ({ ...target, allowed, patient: allowed }));
    const lines = requests(row, matrix);
    const all = lines.flatMap((line) => [service, itself].map((target) => ({ ...target, ...expected(row, line) })));
    return [...all, ...[service, itself].flatMap((target) => forged(target, row, lines, matrix))];
  });
}

/** The host under which a workload, given as `namespace/name`, is asked. */
export function hostOf(workload: string): string {
  return serviceHost(accountOf(workload));
}

/** One request that is allowed, where any is, and each that is not, with headers that claim to be something else. */
function forged(
  target: Pick<Expectation, "from" | "to" | "host" | "port" | "how" | "tls">,
  row: MatrixRow,
  lines: readonly Line[],
  matrix: readonly MatrixRow[],
): Expectation[] {
  const known = matrix.filter(({ to, allowed }) => to === row.to && allowed);
  const [path = "/"] = known.flatMap(({ operations }) => operations.flatMap(({ paths = [] }) => paths));
  const own = `${hostOf(row.to)}:${row.port}`;
  const other = matrix.find(({ to, port }) => to !== row.to && port !== undefined);
  const allowed = lines.find(({ method, path }) => permits(row, method, path));
  const refused = lines.filter(({ method, path }) => method === method.toUpperCase() && !permits(row, method, path));
  const inside = forgeries({ path, callers: known.map(({ from }) => from) }).map((forgery) => ({ host: own, ...forgery }));
  // The caller's proxy would take a request to whomever its host names.
  const elsewhere = target.tls && other ? [{ name: "other host", host: `${hostOf(other.to)}:${other.port}`, headers: {} }] : [];
  return [...inside, ...elsewhere].flatMap(({ name, host, headers }: Forgery & { readonly host: string }) =>
    [...(allowed ? [allowed] : []), ...refused].map((line) => ({
      ...target,
      ...expected(row, line),
      headers: { host, ...headers },
      how: target.how === "" ? name : `${target.how}, ${name}`,
    })),
  );
}

/** A request line, and the path that proxies make of it before they compare it with anything. */
interface Line {
  readonly method: string;
  readonly raw: string;
  readonly path: string;
}

function expected(row: MatrixRow, { method, raw, path }: Line) {
  const allowed = permits(row, method, path);
  return { method, path: raw, allowed, patient: true, ...(allowed && { answer: answerOf(row.to, path) }) };
}

/** What the services have; of the rest they say themselves that it is not there. */
const served: Readonly<Record<string, readonly string[]>> = {
  "product/product": ["/api/products"],
  "prod/frontend": ["/"],
  "prod/backend": ["/api/catalog", "/api/events"],
};

/** What a service of gRPC says to a request that is none of gRPC's. */
const noGrpc = 415;

function answerOf(workload: string, path: string): number {
  if (workload === "prod/recommendations") return noGrpc;
  return served[workload]?.includes(path) ? 200 : 404;
}

function requests({ to, operations }: MatrixRow, matrix: readonly MatrixRow[]): Line[] {
  // What one caller may do is what another is most likely to get by mistake.
  const known = matrix.filter((row) => row.to === to).flatMap((row) => row.operations);
  const lines = [
    line("GET", "/"),
    line("GET", "/elsewhere"),
    ...known.flatMap(({ methods = ["GET"], paths = ["/"] }) =>
      methods.flatMap((method) => paths.map((path) => line(method, path))),
    ),
    ...operations.flatMap(({ methods = ["GET"], paths = [] }) => paths.flatMap((path) => nearPath(methods[0] ?? "GET", path))),
    ...operations.flatMap(({ methods, paths = ["/"] }) => (methods ? paths.flatMap((path) => nearMethod(methods, path)) : [])),
  ];
  return [...new Map(lines.map((one) => [`${one.method} ${one.raw}`, one])).values()];
}

const line = (method: string, raw: string, path = raw): Line => ({ method, raw, path });

/**
 * Paths that look like the declared one and are not, and paths that do not look like it and are: a dot is followed, an encoded
 * character decoded and a slash too many dropped, as Istio documents for DECODE_AND_MERGE_SLASHES, before a policy looks.
 */
function nearPath(method: string, path: string): Line[] {
  const beside = `${path.slice(0, path.lastIndexOf("/"))}/elsewhere`;
  const [first = "", rest] = [path[1], path.slice(2)];
  return [
    line(method, `${path}/below`),
    line(method, `${path}?to=/elsewhere`, path),
    line(method, `${path}x`),
    line(method, path.toUpperCase()),
    line(method, `${path}/../elsewhere`, beside),
    line(method, `${path}/%2e%2e/elsewhere`, beside),
    line(method, `${path}/..%2felsewhere`, beside),
    line(method, `${path}%2f..%2felsewhere`, beside),
    line(method, `${path}\\..\\elsewhere`, beside),
    line(method, `/${path}`, path),
    line(method, `/elsewhere/..${path}`, path),
    line(method, `/%${first.charCodeAt(0).toString(16)}${rest}`, path),
    line(method, `/${path.slice(1).replaceAll("/", "%2f")}`, path),
  ];
}

function nearMethod(methods: readonly string[], path: string): Line[] {
  return ["POST", "DELETE", "PATCH", methods[0]?.toLowerCase() ?? "get"]
    .filter((method) => !methods.includes(method))
    .map((method) => line(method, path));
}

/** The declaration as its types document it: a member left out means everything, a path itself and all below it. */
function permits({ operations }: MatrixRow, method: string, path: string): boolean {
  const is = (declared: string, exact = false) => path === declared || (!exact && path.startsWith(`${declared}/`));
  return operations.some(
    ({ methods, paths, exact }) =>
      (methods?.includes(method) ?? true) && (paths?.some((declared) => is(declared, exact)) ?? true),
  );
}
