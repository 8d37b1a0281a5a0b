import fc from "fast-check";
import { expect, test } from "vitest";
import { deployApplications } from "../../../../components/app/Application.ts";
import { serviceAnnotations } from "../../../../components/gateway/kong/annotations.ts";
import { type JobSpec, ownWorkloads, type ServiceSpec } from "../../../../model/application.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import { type Route, routesOf } from "../../../../model/route.ts";
import { type Declared, declared } from "../../../lib/arbitraries.ts";
import { at, automaticName, type Inputs, type Recording, type Registered, record } from "../../../lib/mocks.ts";
import { factsOf } from "../../../lib/shop.ts";

/*
 * What holds for everything that applications register, whatever they declare.
 */

const runs = { numRuns: 8 };
const kinds = ["Deployment", "StatefulSet", "Job", "CronJob"];
/** Values of the stack, by the names that {@link withMoreNames} gives them. */
const settings = { token: "t", login: "l" };

function recordApplications({ applications, gateways }: Declared, autonames = false): Promise<Recording> {
  const graph = new CallGraph(applications, factsOf(...gateways));
  const routes = applications.flatMap((application) => routesOf(application, gateways));
  const mesh = { injection: { "istio-injection": "enabled" }, podAnnotations: {} };
  const annotations = (route: Route) => (route.gateways.includes("kong") ? serviceAnnotations(route) : {});
  return record(() => deployApplications(applications, { graph, routes, mesh, settings, annotations }), { autonames });
}

/** Holds what a property says of all that any applications register. */
const forAny = (property: (recording: Recording, given: Declared) => void, numRuns = runs.numRuns) =>
  fc.assert(
    fc.asyncProperty(declared(), async (given) => property(await recordApplications(given), given)),
    { ...runs, numRuns },
  );

const kindOf = ({ type }: Registered) => type.split(":").at(-1) ?? "";
/** Those of Kubernetes, and no component, which may have the same name. */
const workloadsOf = (resources: readonly Registered[]) =>
  resources.filter((resource) => resource.type.startsWith("kubernetes:") && kinds.includes(kindOf(resource)));
/** What a workload makes pods of. */
const templateOf = (inputs: Inputs) =>
  at<Inputs>(inputs, "kind" in inputs && inputs.kind === "CronJob" ? "spec.jobTemplate.spec.template" : "spec.template");
const metadataOf = (inputs: Inputs) =>
  at<{ name?: string; namespace?: string; labels?: Record<string, string> }>(inputs, "metadata");

test("every route's weights sum to 100, and lead to a version that pods have, on a port that the service has", async () => {
  let connections = 0;
  await forAny(({ all }) => {
    const subsets = new Map(
      all("kubernetes:networking.istio.io/v1:DestinationRule").map(({ inputs }) => [
        at<string>(inputs, "spec.host"),
        // That of a host outside has none.
        (at<{ name: string }[] | undefined>(inputs, "spec.subsets") ?? []).map(({ name }) => name),
      ]),
    );
    const ports = portsByHost(all);
    for (const { inputs } of all("kubernetes:networking.istio.io/v1:VirtualService")) {
      const { http = [], tcp = [] } = at<Rules>(inputs, "spec");
      expect(http.length + tcp.length).toBeGreaterThan(0);
      for (const { route, mirrors = [] } of [...http, ...tcp]) {
        expect(route.reduce((total, { weight }) => total + weight, 0)).toBe(100);
        for (const { destination } of [...route, ...mirrors]) {
          expect(subsets.get(destination.host)).toContain(destination.subset);
          expect(ports.get(destination.host)).toContain(destination.port.number);
        }
      }
      connections += tcp.length;
    }
  });
  expect(connections).toBeGreaterThan(5);
});

test("what is sent to a port goes on to the same port, and every port has rules of its kind that take it", async () => {
  await forAny(({ all }, { applications }) => {
    for (const { namespace, services } of applications) {
      for (const { name, ports } of services) {
        const rules = all("kubernetes:networking.istio.io/v1:VirtualService").find(
          ({ inputs }) => metadataOf(inputs).namespace === namespace && metadataOf(inputs).name === name,
        );
        const { http = [], tcp = [] } = at<Rules>(rules?.inputs, "spec");
        for (const { port, protocol } of ports) {
          const of = ["tcp", "tls"].includes(protocol) ? tcp : http;
          const taking = of.filter(({ match = [{}] }) => match.some((one) => (one.port ?? port) === port));
          expect([protocol, taking.length > 0]).toEqual([protocol, true]);
          // The last one takes whatever is left.
          expect(taking.at(-1)?.match ?? [{}]).toContainEqual(ports.length > 1 || of === tcp ? { port } : {});
          for (const { route } of taking) for (const { destination } of route) expect(destination.port.number).toBe(port);
        }
      }
    }
  });
});

/** The ports of each Service, by its host. */
function portsByHost(all: Recording["all"]): Map<string, number[]> {
  return new Map(
    all("kubernetes:core/v1:Service").map(({ inputs }) => {
      const { name, namespace } = metadataOf(inputs);
      const ports = at<{ port: number }[]>(inputs, "spec.ports").map(({ port }) => port);
      return [`${name}.${namespace}.svc.cluster.local`, ports];
    }),
  );
}

interface Rules {
  readonly http?: readonly Rule[];
  readonly tcp?: readonly Rule[];
}

interface Rule {
  readonly match?: readonly { readonly port?: number }[];
  readonly route: readonly (Leading & { readonly weight: number })[];
  readonly mirrors?: readonly Leading[];
}

interface Leading {
  readonly destination: { readonly host: string; readonly subset: string; readonly port: { readonly number: number } };
}

test("a container listens wherever its Service sends, and probes ask for ports by their numbers", async () => {
  await forAny(({ all }, { applications }) => {
    for (const { namespace, services } of applications) {
      for (const { name, ports, versions, storage } of services) {
        const own = ({ inputs }: Registered) =>
          metadataOf(inputs).namespace === namespace && metadataOf(inputs).labels?.app === name;
        const services = all("kubernetes:core/v1:Service").filter(own);
        const [listener] = services.filter(({ inputs }) => metadataOf(inputs).name === name);
        const headless = services.filter(({ inputs }) => at(inputs, "spec.clusterIP") === "None");
        const deployments = all(storage ? "kubernetes:apps/v1:StatefulSet" : "kubernetes:apps/v1:Deployment").filter(own);
        expect(deployments).toHaveLength(versions.length);
        // The pods' own names are good for the same.
        expect(headless.map(({ inputs }) => at<object[]>(inputs, "spec.ports"))).toEqual(
          storage ? [at<object[]>(listener?.inputs, "spec.ports")] : [],
        );
        for (const { inputs } of deployments) {
          const container = at<Container>(inputs, "spec.template.spec.containers.0");
          const served = at<{ port: number; targetPort: string }[]>(listener?.inputs, "spec.ports").map(
            ({ port, targetPort }) => ({
              port,
              target: container.ports.find((one) => one.name === targetPort)?.containerPort,
            }),
          );
          expect(served).toEqual(ports.map(({ port, target }) => ({ port, target })));
          expect(container.env).toContainEqual({ name: "PORT", value: `${ports[0]?.target}` });
          const { httpGet, tcpSocket, grpc } = container.readinessProbe ?? {};
          for (const asked of [httpGet, tcpSocket, grpc]) if (asked) expect(asked.port).toBeTypeOf("number");
        }
      }
    }
  });
});

test("each route has what its gateways ask for: rules, and for Kong a Service that is told so, on the port, whose rules are the same", async () => {
  const seen = { rules: 0, redirects: 0, entrances: 0, services: 0 };
  await forAny(({ all }, { applications, gateways }) => {
    const routes = applications.flatMap((application) => routesOf(application, gateways));
    const virtualServices = all("kubernetes:networking.istio.io/v1:VirtualService");
    const nameOf = ({ inputs }: Registered) => key(inputs);
    const rules = new Map(
      virtualServices.map((one) => [nameOf(one), at<{ hosts?: string[]; http?: object[] }>(one.inputs, "spec")]),
    );
    const services = new Map(all("kubernetes:core/v1:Service").map((one) => [nameOf(one), one.inputs]));
    for (const { delegate, entrance, service, redirect, timeout, gateways: offering } of routes) {
      const own = rules.get(`${delegate.namespace}/${delegate.name}`);
      expect(own === undefined).toBe(redirect !== undefined);
      seen.rules += own ? 1 : 0;
      seen.redirects += redirect ? 1 : 0;
      const dialled = entrance ?? service;
      const isForKong = offering.includes("kong") && !redirect;
      const inputs = services.get(`${dialled.namespace}/${dialled.name}`);
      if (entrance) expect(inputs !== undefined).toBe(isForKong);
      if (!isForKong) continue;
      expect(at(inputs, "metadata.annotations")).toMatchObject({
        "ingress.kubernetes.io/service-upstream": "true",
        "konghq.com/read-timeout": serviceAnnotations({ service, timeout })["konghq.com/read-timeout"],
      });
      expect(at<{ port: number }[]>(inputs, "spec.ports").map(({ port }) => port)).toContain(service.port);
      seen.services++;
      if (!entrance) continue;
      seen.entrances++;
      const inMesh = rules.get(`${entrance.namespace}/${entrance.name}`);
      expect(inMesh).toEqual({ ...own, hosts: [`${entrance.name}.${entrance.namespace}.svc.cluster.local`], gateways: ["mesh"] });
    }
    const delegates = virtualServices.filter(({ inputs }) => !at(inputs, "spec.hosts"));
    expect(delegates).toHaveLength(routes.filter(({ redirect }) => !redirect).length);
  }, 24);
  for (const [kind, times] of Object.entries(seen)) expect([kind, times > 0]).toEqual([kind, true]);
});

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly unknown[];
  readonly readinessProbe?: Partial<Record<"httpGet" | "tcpSocket" | "grpc", { readonly port: unknown }>>;
}

test("every workload has an account of its own, which its pods use and no other's", async () => {
  await forAny(({ resources }, { applications }) => {
    const accounts = resources.filter((resource) => kindOf(resource) === "ServiceAccount").map(({ inputs }) => key(inputs));
    const declaredNames = applications.flatMap(({ namespace, databases = [], loadGenerators = [], ...application }) =>
      [...ownWorkloads({ namespace, ...application }), ...databases, ...loadGenerators].map(({ name }) => `${namespace}/${name}`),
    );
    expect(accounts.toSorted()).toEqual(declaredNames.toSorted());
    const users = workloadsOf(resources).map(({ inputs }) => {
      const template = templateOf(inputs);
      const account = at<string>(template, "spec.serviceAccountName");
      // Policies select by the one and allow by the other.
      expect(account).toBe(metadataOf(template).labels?.app);
      return `${metadataOf(inputs).namespace}/${account}`;
    });
    expect([...new Set(users)].toSorted()).toEqual(declaredNames.toSorted());
  });
});

test("no workload is begun before everything that protects it is there", async () => {
  await forAny(({ resources, waits }) => {
    const fences = resources.filter((resource) => ["AuthorizationPolicy", "Sidecar", "NetworkPolicy"].includes(kindOf(resource)));
    // Its account comes first; pods wait for that, and would be late by chance.
    for (const account of resources.filter((resource) => kindOf(resource) === "ServiceAccount")) {
      const own = fences.filter(({ inputs }) => metadataOf(inputs).namespace === metadataOf(account.inputs).namespace);
      expect(own.length).toBeGreaterThanOrEqual(4);
      for (const { type, name } of own) expect(waits([account.type, account.name], [type, name])).toBe(true);
    }
  });
});

test("what a pod names is there before its workload, which waits for that and not for other workloads", async () => {
  const property = async (given: Declared) => {
    const { resources, options } = await recordApplications(withMoreNames(given), true);
    const identity = ({ type, name, inputs }: Registered) =>
      `${kindOf({ type, name, inputs })}/${metadataOf(inputs).namespace}/${metadataOf(inputs).name ?? automaticName(name)}`;
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    const found = new Map(objects.map((resource) => [identity(resource), resource]));
    for (const workload of workloadsOf(resources)) {
      const { dependencies } = options(workload.type, workload.name);
      const { namespace } = metadataOf(workload.inputs);
      const named = [...namesIn(at<PodSpec>(templateOf(workload.inputs), "spec")), ...claimsOf(workload)];
      expect(named.length).toBeGreaterThan(0);
      for (const [kind, name] of named) {
        const resource = found.get(`${kind}/${namespace}/${name}`);
        expect([kind, name, resource !== undefined]).toEqual([kind, name, true]);
        expect(dependencies.some((urn) => urn.endsWith(`${resource?.type}::${resource?.name}`))).toBe(true);
      }
      expect(dependencies.filter((urn) => kinds.some((kind) => urn.includes(`:${kind}::`)))).toEqual([]);
    }
  };
  await fc.assert(fc.asyncProperty(declared(), property), { ...runs, numRuns: 4 });
}, 120_000);

/** The same with all that a pod may name: programs and files, values of the stack, and databases' Secrets by their names. */
function withMoreNames({ applications, gateways }: Declared): Declared {
  const allDatabases = applications.flatMap(({ namespace, databases = [] }) =>
    databases.map(({ name }) => `${namespace}/${name}`),
  );
  const named = applications.map(({ services, workers = [], jobs = [], databases = [], ...rest }) => {
    const calls = [...services, ...workers, ...jobs].flatMap(({ calls = [] }) => calls.map(({ to }) => to.split("/")));
    const elsewhere = calls.flatMap(([namespace, name]) =>
      allDatabases.includes(`${namespace}/${name}`) ? [`${namespace}.${name}`] : [],
    );
    const ofDatabases = [...databases.map(({ name }) => name), ...elsewhere].map((name) => [
      `OF_${name}`,
      { secret: `${name}-credentials`, key: "user" },
    ]);
    const env = { ...Object.fromEntries(ofDatabases), TOKEN: { setting: "token" } };
    const image = (content: string) => ({ reference: "node:24", program: { file: "server.js", content } });
    const more = <W extends Pick<JobSpec, "container">>(workload: W) => ({
      ...workload,
      container: { ...workload.container, files: { "/a": "text" }, pullSecrets: [{ setting: "login" }] },
      initContainers: [{ name: "first", image: image("first"), env }],
    });
    // Two of three versions run the same program.
    const several = <W extends Pick<ServiceSpec, "container" | "versions">>(workload: W) => ({
      ...more(workload),
      versions: workload.versions.map((version, index) => ({ ...version, image: image(`${index % 2}`), env })),
    });
    const once = (job: JobSpec) => ({ ...more(job), program: { ...job.program, image: image("job"), env } });
    return { ...rest, databases, services: services.map(several), workers: workers.map(several), jobs: jobs.map(once) };
  });
  return { applications: named, gateways };
}

/** The claims that a set looks for. */
function claimsOf({ inputs }: Registered): [kind: string, name: string][] {
  const templates = at<{ metadata: { name: string } }[] | undefined>(inputs, "spec.volumeClaimTemplates") ?? [];
  return templates.flatMap(({ metadata }) =>
    Array.from({ length: at<number>(inputs, "spec.replicas") }, (_, ordinal): [string, string] => [
      "PersistentVolumeClaim",
      `${metadata.name}-${metadataOf(inputs).name}-${ordinal}`,
    ]),
  );
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly volumes?: readonly {
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
  readonly initContainers?: readonly Environment[];
  readonly containers: readonly Environment[];
}

interface Environment {
  readonly env?: readonly {
    readonly valueFrom?: {
      readonly secretKeyRef?: { readonly name: string };
      readonly configMapKeyRef?: { readonly name: string };
    };
  }[];
}

/** Everything that must be there before such a pod can start, as kind and name. */
function namesIn({
  serviceAccountName,
  imagePullSecrets = [],
  volumes = [],
  initContainers = [],
  containers,
}: PodSpec): [kind: string, name: string][] {
  const sources = [...initContainers, ...containers].flatMap(({ env = [] }) => env.map(({ valueFrom = {} }) => valueFrom));
  const all: [kind: string, name: string | undefined][] = [
    ["ServiceAccount", serviceAccountName],
    ...imagePullSecrets.map(({ name }): [string, string] => ["Secret", name]),
    ...volumes.map(({ configMap }): [string, string | undefined] => ["ConfigMap", configMap?.name]),
    ...volumes.map(({ secret }): [string, string | undefined] => ["Secret", secret?.secretName]),
    ...volumes.map(({ persistentVolumeClaim }): [string, string | undefined] => [
      "PersistentVolumeClaim",
      persistentVolumeClaim?.claimName,
    ]),
    ...sources.map(({ secretKeyRef }): [string, string | undefined] => ["Secret", secretKeyRef?.name]),
    ...sources.map(({ configMapKeyRef }): [string, string | undefined] => ["ConfigMap", configMapKeyRef?.name]),
  ];
  return all.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

test("every name is one that Kubernetes takes, and no two objects have the same", async () => {
  const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
  await forAny(({ resources }) => {
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    const named = objects.filter(({ inputs }) => metadataOf(inputs).name !== undefined);
    for (const object of named) {
      expect(metadataOf(object.inputs).name).toMatch(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
      if (["Namespace", "Service", "StatefulSet", "PersistentVolumeClaim"].includes(kindOf(object)))
        expect(metadataOf(object.inputs).name).toMatch(label);
    }
    expect(new Set(named.map((object) => `${kindOf(object)} ${key(object.inputs)}`)).size).toBe(named.length);
    expect(new Set(resources.map(({ type, name }) => `${type} ${name}`)).size).toBe(resources.length);
    for (const { name, ...object } of workloadsOf(objects)) {
      const { name: own } = metadataOf(object.inputs);
      // What Pulumi, the ReplicaSet or a run, and the pod append.
      const appended = {
        // What it appends to a pod's label for its revision is longer.
        StatefulSet: `${own}-0123456789`,
        Job: `${name}-01234567`,
        CronJob: `${own}-01234567`,
        Deployment: `${name}-01234567-0123456789-01234`,
      };
      expect(appended[kindOf({ name, ...object }) as keyof typeof appended]).toMatch(label);
      const template = templateOf(object.inputs);
      for (const value of Object.values(metadataOf(template).labels ?? {})) {
        expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
      }
      for (const { name: volume } of at<{ name: string }[] | undefined>(template, "spec.containers.0.volumeMounts") ?? [])
        expect(volume).toMatch(label);
      for (const { name: container } of at<{ name: string }[]>(template, "spec.containers")) expect(container).toMatch(label);
    }
  });
});

const key = (inputs: Inputs) => `${metadataOf(inputs).namespace}/${metadataOf(inputs).name}`;

test("whoever a job comes before waits for it, and nobody else does", async () => {
  const property = async (given: Declared) => {
    // A filter would draw the same again and again.
    fc.pre(given.applications.some(({ jobs = [] }) => jobs.some(({ before }) => before)));
    const { dependsOn } = await recordApplications(given);
    for (const { namespace, services, workers = [], jobs = [] } of given.applications) {
      for (const { name, before = [], schedule } of jobs) {
        const made = [`kubernetes:batch/v1:${schedule === undefined ? "Job" : "CronJob"}`, `${namespace}-${name}`] as const;
        for (const { name: other, versions, ...rest } of [...services, ...workers]) {
          const isNamed = before === "deploy" || before.includes(other);
          const own = `${namespace}-${other}`;
          const begun: (readonly [type: string, name: string])[] =
            "storage" in rest
              ? [["kubernetes:apps/v1:StatefulSet", own]]
              : versions.map(({ name }) => ["kubernetes:apps/v1:Deployment", `${own}-${name}`]);
          for (const workload of begun) expect([other, dependsOn(workload, made)]).toEqual([other, isNamed]);
        }
      }
    }
  };
  await fc.assert(fc.asyncProperty(declared(), property), runs);
});
