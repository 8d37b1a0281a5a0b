import { nameOf } from "../callGraph.ts";
import type { ApplicationSpec } from "../spec.ts";
import type { Problems } from "./Problems.ts";
import { label } from "./rules.ts";

/** Namespaces of the platform and of Kubernetes. */
const reserved = ["default", "kong", "cert-manager"];
const reservedPrefixes = ["kube-", "istio-"];

/** The longest a name in DNS may be, and so a pod's, which is its host's. */
const most = 63;
/** What Pulumi appends to a Deployment's name, its ReplicaSet to that, and each pod to that. */
const appended = "-01234567".length + "-0123456789".length + "-01234".length;
/** A version's label is short because it is part of many names. */
const mostOfVersion = 20;

/** What an application's namespace, workloads and versions may be called, each by itself. */
export function checkNames({ namespace, services, databases = [], loads = [] }: ApplicationSpec, problems: Problems): void {
  problems.rule(`namespace ${namespace}`, namespace, label(most));
  if (reserved.includes(namespace) || reservedPrefixes.some((prefix) => namespace.startsWith(prefix))) {
    const prefixes = reservedPrefixes.map((prefix) => `${prefix}…`);
    problems.refuse(
      `namespace ${namespace}`,
      namespace,
      `a namespace of its own, none of ${[...reserved, ...prefixes].join(", ")}`,
    );
  }
  for (const { name, versions } of services) {
    const longest = Math.max(0, ...versions.map((version) => version.name.length + 1));
    problems.rule(`${namespace}/${name} name`, name, label(most - appended - Math.min(longest, mostOfVersion + 1)));
    for (const [index, version] of versions.entries()) {
      problems.rule(`${namespace}/${name} versions[${index}].name`, version.name, label(mostOfVersion));
    }
  }
  for (const { name } of [...databases, ...loads]) problems.rule(`${namespace}/${name} name`, name, label(most - appended));
}

/**
 * What gets the same name as something else. Workloads are told apart by their names alone, whatever their namespace: Pulumi
 * knows each resource by the name of what it belongs to.
 */
export function checkUnique(applications: readonly ApplicationSpec[], problems: Problems): void {
  const namespaces = new Names(problems, "a namespace that no other application has");
  const workloads = new Names(problems, "a name that no other workload has, in whichever namespace");
  const derived = new Names(problems, "a name that with its namespace's is not that of another workload");
  const rules = new Names(problems, "a name that is not put together to the same as another");
  for (const { namespace, services, databases = [], loads = [] } of applications) {
    namespaces.take(namespace, namespace, `namespace ${namespace}`);
    for (const { name } of [...services, ...databases, ...loads]) {
      const place = nameOf({ namespace, name });
      if (workloads.take(name, name, `${place} name`)) derived.take(`${namespace}-${name}`, name, `${place} name`);
    }
    // The rules for gateways are named after the service, beside the other services' own.
    for (const { name } of services) rules.take(`${namespace}/${name}`, name, `${namespace}/${name} name`);
    for (const { name, exposed } of services) {
      if (exposed) rules.take(`${namespace}/${name}-exposed`, `${name}-exposed`, `${namespace}/${name} exposed`);
    }
  }
  checkVersionNames(applications, problems);
}

function checkVersionNames(applications: readonly ApplicationSpec[], problems: Problems): void {
  const deployments = new Names(problems, "a name that with its service's is not that of another version");
  for (const { namespace, services } of applications) {
    for (const { name, versions } of services) {
      const own = new Names(problems, "a name that no other version has");
      for (const [index, version] of versions.entries()) {
        const place = `${namespace}/${name} versions[${index}].name`;
        if (own.take(version.name, version.name, place)) deployments.take(`${name}-${version.name}`, version.name, place);
      }
    }
  }
}

/** Names that are taken, and by whom. */
class Names {
  private readonly taken = new Map<string, string>();

  constructor(
    private readonly problems: Problems,
    private readonly allowed: string,
  ) {}

  /** Whether the name was free; refuses it otherwise. */
  take(key: string, given: string, place: string): boolean {
    const other = this.taken.get(key);
    if (other === undefined) this.taken.set(key, place);
    else this.problems.refuse(place, given, `${this.allowed}; ${other === place ? "another" : other} has it already`);
    return other === undefined;
  }
}
