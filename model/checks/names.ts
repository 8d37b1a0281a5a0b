import { type Application, ownWorkloads } from "../application.ts";
import { exposuresOf, isTreatedOtherwise } from "../exposed.ts";
import { type Account, delegateOf, entranceOf, headlessOf, nameOf } from "../names.ts";
import { label } from "../rules.ts";
import { longestVersion } from "../service.ts";
import { volumeOf } from "../storage.ts";
import type { Problems } from "./problems.ts";

/** Namespaces of Kubernetes, of cert-manager, and, by their beginning, of Kubernetes and Istio. */
const reserved = ["default", "cert-manager"];
const reservedPrefixes = ["kube-", "istio-"];

/** The longest a name in DNS may be, and so a pod's, which is its host's. */
const most = 63;
/** What Pulumi appends to a Deployment's name, its ReplicaSet to that, and each pod to that. */
const appended = "-01234567".length + "-0123456789".length + "-01234".length;

/**
 * What an application's namespace and workloads may be called, each by itself.
 *
 * @param taken - namespaces of the platform's own parts.
 */
export function checkNames(application: Application, taken: readonly string[], problems: Problems): void {
  const { namespace, services, workers = [], jobs = [], databases = [], loadGenerators = [] } = application;
  const isReserved = (name: string) => reserved.includes(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix));
  const others = taken.filter((name) => !isReserved(name));
  if (isReserved(namespace) || others.includes(namespace)) {
    const prefixes = reservedPrefixes.map((prefix) => `${prefix}…`);
    const allowed = `a namespace of its own, none of ${[...reserved, ...others, ...prefixes].join(", ")}`;
    problems.found.push({ namespace, path: ["namespace"], allowed });
  }
  for (const { name, versions } of services) {
    const longest = Math.max(0, ...versions.map((version) => version.name.length + 1));
    checkName({ namespace, name }, most - appended - Math.min(longest, longestVersion + 1), problems);
  }
  for (const { name } of workers) checkName({ namespace, name }, most - appended - "-v1".length, problems);
  for (const { name, schedule } of jobs) {
    checkName({ namespace, name }, schedule === undefined ? mostOfJob(namespace) : mostOfCronJob, problems);
  }
  for (const { name } of [...databases, ...loadGenerators]) checkName({ namespace, name }, most - appended, problems);
  for (const { name, initContainers = [] } of ownWorkloads(application)) {
    for (const init of initContainers) {
      if (init.name !== name && !init.name.startsWith("istio-")) continue;
      const allowed = `a name other than ${name} and not beginning with istio-, which other containers of the pod have`;
      problems.refuse({ namespace, name }, ["initContainers", init.name], allowed);
    }
  }
}

/** As Kubernetes has it, which appends the time of each run. */
const mostOfCronJob = 52;
/** A Job's name is a label of its pods: Pulumi puts the namespace in front of it, and appends to it. */
const mostOfJob = (namespace: string) => Math.max(1, most - `${namespace}-`.length - "-01234567".length);

function checkName(workload: Account, most: number, problems: Problems): void {
  const issue = label(most).safeParse(workload.name).error?.issues[0];
  if (issue) problems.refuse(workload, ["name"], issue.message, workload.name);
}

/**
 * Names that would be the same as others: of workloads within a namespace, and of what is named after several of them. Pulumi knows
 * each resource by a name that joins these with hyphens.
 */
export function checkUnique(applications: readonly Application[], problems: Problems): void {
  const namespaces = new Names(problems, "a namespace that no other application has");
  const workloads = new Names(problems, "a name that no other workload of the namespace has");
  const joined = new Names(problems, "a name that is unique after joining namespace and name");
  const deployments = new Names(problems, "a name that is unique after joining namespace, name and version");
  const rules = new Names(problems, "a name that the rules for gateways of no other service have");
  const hosts = new Names(problems, "a name that no other Service has");
  const joinedHosts = new Names(problems, "a name that no other Service has after joining namespace and name");
  const claims = new Names(problems, "a folder whose volume has a name that no other service's has");
  for (const { namespace, services, workers = [], jobs = [], databases = [], loadGenerators = [] } of applications) {
    namespaces.take(namespace, { namespace, name: "" }, ["namespace"], namespace);
    for (const { name } of [...services, ...workers, ...jobs, ...databases, ...loadGenerators]) {
      const place = { namespace, name };
      if (workloads.take(nameOf(place), place, ["name"], name)) joined.take(`${namespace}-${name}`, place, ["name"], name);
    }
    // The rules for gateways are named after the service, beside the other services' own.
    for (const { name } of services) rules.take(nameOf({ namespace, name }), { namespace, name }, ["name"], name);
    for (const service of services) {
      const first = exposuresOf(service).find(({ isFirst }) => isFirst);
      if (!first) continue;
      const delegate = delegateOf(service.name, first, namespace);
      rules.take(nameOf(delegate), { namespace, name: service.name }, ["exposed"], delegate.name);
    }
    for (const name of new Set([...services, ...databases].map((one) => one.name)))
      if (hosts.take(nameOf({ namespace, name }), { namespace, name }, ["name"], name))
        joinedHosts.keep(`${namespace}-${name}`, { namespace, name });
    for (const { name, storage } of services) {
      if (!storage) continue;
      const place = { namespace, name };
      const headless = headlessOf(place);
      if (hosts.take(nameOf(headless), place, ["storage"], headless.name))
        joinedHosts.take(`${namespace}-${headless.name}`, place, ["storage"], headless.name);
      for (const path of Object.keys(storage))
        claims.take(`${namespace}/${volumeOf(path)}-${name}`, place, ["storage", path], path);
    }
    for (const service of services) {
      const exposures = exposuresOf(service);
      for (const { name } of exposures.filter((one) => isTreatedOtherwise(one, exposures))) {
        const entrance = entranceOf(service.name, name, namespace);
        hosts.take(nameOf(entrance), { namespace, name: service.name }, ["exposed", name], name);
      }
    }
    for (const { name, versions } of services) {
      for (const version of versions) {
        deployments.take(`${namespace}-${name}-${version.name}`, { namespace, name }, ["versions", version.name], version.name);
      }
    }
    for (const { name } of workers) {
      const isToldAlready = services.some((service) => service.name === name);
      if (!isToldAlready) deployments.take(`${namespace}-${name}-v1`, { namespace, name }, ["name"], name);
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

  /** Takes a name whose clash with another of its kind is told elsewhere. */
  keep(key: string, owner: Account): void {
    if (!this.taken.has(key)) this.taken.set(key, `${nameOf(owner)} name`);
  }

  /** Whether the name was free; refuses it otherwise. */
  take(key: string, { namespace, name }: Account, path: readonly string[], given: string): boolean {
    const place = name === "" ? `namespace ${namespace}` : `${nameOf({ namespace, name })} ${path.join(".")}`;
    const other = this.taken.get(key);
    if (other === undefined) this.taken.set(key, place);
    else {
      const allowed = `${this.allowed}; ${other === place ? "another" : other} has it already`;
      this.problems.found.push({ namespace, ...(name !== "" && { name }), path, allowed, given });
    }
    return other === undefined;
  }
}
