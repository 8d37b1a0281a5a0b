import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import { type CallGraph, type Edge, principalOf, type Workload } from "./CallGraph.ts";

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];

/** Nothing is allowed in a namespace but what other policies allow. */
export function allowNothing(namespace: string): AuthorizationPolicy {
  return new AuthorizationPolicy({ metadata: { name: "allow-nothing", namespace }, spec: {} });
}

/**
 * Allows the declared callers of a workload what they declared; undefined when nobody calls it.
 *
 * Fields are positive only: on a TCP port a rule that names methods or paths matches nothing, so an ALLOW stays closed.
 */
export function allowCallers(graph: CallGraph, { namespace, name }: Workload): AuthorizationPolicy | undefined {
  const callers = graph.callersOf({ namespace, name });
  if (callers.length === 0) return undefined;
  return new AuthorizationPolicy({
    metadata: { name: `callers-of-${name}`, namespace },
    spec: { selector: { matchLabels: { app: name } }, action: "ALLOW", rules: callers.map(rule) },
  });
}

function rule({ from, to: { listens }, operation: { methods, paths } }: Edge): Rule {
  const operation = {
    // The pod's port and not the Service's: policies hold where the request arrives.
    ports: [`${listens.containerPort}`],
    ...(methods && { methods: [...methods] }),
    ...(paths && { paths: paths.flatMap((path) => [path, `${path}/*`]) }),
  };
  return { from: [{ source: { principals: [principalOf(from)] } }], to: [{ operation }] };
}
