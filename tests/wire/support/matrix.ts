import type { MatrixRow } from "../../../components/security/CallGraph.ts";
import type { Probe } from "./probes.ts";

/** A probe, and whether what is declared allows it. */
export interface Expectation extends Probe {
  readonly from: string;
  readonly to: string;
  readonly allowed: boolean;
}

/** Everything worth asking: every pair, what is declared of it, and what comes near that. */
export function expectations(matrix: readonly MatrixRow[]): Expectation[] {
  return matrix.flatMap((row) => {
    const { from, to, protocol, port } = row;
    if (protocol === undefined || port === undefined) return [];
    const [namespace, name] = to.split("/");
    const target = { from, to, host: `${name}.${namespace}.svc.cluster.local`, port };
    if (protocol === "tcp") return [{ ...target, allowed: row.allowed, patient: row.allowed }];
    return requests(row, matrix).map(({ method, raw, path }) => {
      const allowed = permits(row, method, path);
      return { ...target, method, path: raw, allowed, patient: allowed };
    });
  });
}

/** A request line, and the path that proxies make of it before they compare it with anything. */
interface Line {
  readonly method: string;
  readonly raw: string;
  readonly path: string;
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
  const below = (declared: string) => path === declared || path.startsWith(`${declared}/`);
  return operations.some(({ methods, paths }) => (methods?.includes(method) ?? true) && (paths?.some(below) ?? true));
}
