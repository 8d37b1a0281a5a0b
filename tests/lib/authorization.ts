import { at, type Recording } from "./mocks.ts";

/** A request as the proxy beside its receiver sees it. Without a method and a path it is a TCP connection. */
export interface Request {
  readonly principal: string;
  readonly namespace: string;
  /** The receiving pod's. */
  readonly labels: Readonly<Record<string, string>>;
  /** The receiving container's. */
  readonly port: number;
  readonly http?: { readonly method: string; readonly path: string };
}

/** An AuthorizationPolicy, as far as this project writes any. */
export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly action?: string;
    readonly rules?: readonly Rule[];
  };
}

interface Rule {
  readonly from?: readonly { readonly source: Readonly<Record<string, readonly string[]>> }[];
  readonly to?: readonly { readonly operation: Readonly<Record<string, readonly string[]>> }[];
}

export function policiesOf({ all }: Recording): Policy[] {
  return all("kubernetes:security.istio.io/v1:AuthorizationPolicy").map(({ inputs }) => ({
    metadata: at(inputs, "metadata"),
    spec: at(inputs, "spec"),
  }));
}

/**
 * Whether Istio lets a request in, by what its documentation says of ALLOW policies: without one for the pod everything is
 * allowed; with some, what any rule of them matches. It refuses to judge a policy that says more than it understands.
 *
 * @see https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */
export function isAllowed(policies: readonly Policy[], request: Request): boolean {
  const applying = policies.filter(
    ({ metadata, spec }) => metadata.namespace === request.namespace && selects(spec.selector?.matchLabels, request),
  );
  for (const { spec } of applying) {
    if (spec.action !== undefined && spec.action !== "ALLOW") throw new Error(`an action ${spec.action} is not understood here`);
  }
  return applying.length === 0 || applying.some(({ spec }) => (spec.rules ?? []).some((rule) => meets(rule, request)));
}

function selects(labels: Readonly<Record<string, string>> = {}, request: Request): boolean {
  return Object.entries(labels).every(([key, value]) => request.labels[key] === value);
}

function meets({ from, to, ...rest }: Rule, request: Request): boolean {
  if (Object.keys(rest).length > 0) throw new Error(`${Object.keys(rest)} is not understood here`);
  const matches = (fields: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(fields).every(([field, patterns]) =>
      patterns.some((pattern) => matchesPattern(pattern, attribute(field, request))),
    );
  return (!from || from.some(({ source }) => matches(source))) && (!to || to.some(({ operation }) => matches(operation)));
}

function attribute(field: string, { principal, port, http }: Request): string | undefined {
  if (field === "principals") return principal;
  if (field === "ports") return `${port}`;
  // A TCP connection has none, and a rule that asks for one does not match it.
  if (field === "methods") return http?.method;
  if (field === "paths") return http?.path;
  throw new Error(`${field} is not understood here`);
}

/** Exactly, or with one `*` at the end or the beginning. Case matters. */
function matchesPattern(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (/[{}]/.test(pattern)) throw new Error(`a template such as ${pattern} is not understood here`);
  if (pattern === "*") return value !== "";
  if (pattern.endsWith("*")) return value.startsWith(pattern.slice(0, -1));
  return pattern.startsWith("*") ? value.endsWith(pattern.slice(1)) : value === pattern;
}
