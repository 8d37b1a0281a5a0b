import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import { type CallGraph, type Edge, principalOf, type Workload } from "../../model/callGraph.ts";

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];

/** Nothing is allowed in a namespace but what other policies allow. */
export function allowNothing(namespace: string): AuthorizationPolicy {
  return new AuthorizationPolicy({ metadata: { name: "allow-nothing", namespace }, spec: {} });
}

/**
 * Allows the declared callers of a workload what they declared; undefined for a workload that listens on nothing. It is there also
 * when nobody calls the workload, and then allows nothing: so the last permission that is taken away is an update, which is done at
 * once, and no deletion, which waits until all creations and updates of a deployment have ended.
 *
 * Fields are positive only: on a TCP port a rule that names methods or paths matches nothing, so an ALLOW stays closed.
 */
export function allowCallers(graph: CallGraph, { namespace, name, ports }: Workload): AuthorizationPolicy | undefined {
  if (ports.length === 0) return undefined;
  const callers = graph.callersOf({ namespace, name });
  return new AuthorizationPolicy({
    metadata: { name: `callers-of-${name}`, namespace },
    spec: { selector: { matchLabels: { app: name } }, action: "ALLOW", ...(callers.length > 0 && { rules: callers.map(rule) }) },
  });
}

function rule({ from, port, operation: { methods, paths, exact } }: Edge): Rule {
  const operation = {
    // The pod's port and not the Service's: policies hold where the request arrives.
    ports: [`${port.target}`],
    ...(methods && { methods: [...methods] }),
    ...(paths && { paths: exact ? [...paths] : paths.flatMap((path) => [path, `${path}/*`]) }),
  };
  return { from: [{ source: { principals: [principalOf(from)] } }], to: [{ operation }] };
}
