import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApplicationSpec, ServiceSpec } from "../../../model/application.ts";
import { CallGraph } from "../../../model/callGraph.ts";
import type { Call } from "../../../model/calls.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { exposuresOf } from "../../../model/exposed.ts";
import type { GatewayName } from "../../../model/gateway.ts";
import { type Image, imageName } from "../../../model/image.ts";
import { hasRequests, type Port } from "../../../model/ports.ts";
import { defaultResilience } from "../../../model/resilience.ts";
import { routesOf } from "../../../model/route.ts";
import { declared, servedHosts } from "../../lib/arbitraries.ts";
import { declared as declaredAs, factsOf, service, versionOf } from "../../lib/shop.ts";

/*
 * One thing wrong in applications that are fine otherwise, wherever it is: they are refused, and told where and why.
 */

type Change = (service: ServiceSpec, applications: readonly ApplicationSpec[]) => Partial<ServiceSpec>;

const outside = { name: "out", hosts: ["api.example.com"], protocol: "tls", port: 443, target: 443, originate: false } as const;

const problemsOf = (applications: readonly ApplicationSpec[], gateways: readonly GatewayName[]) =>
  checkApplications(declaredAs(applications), { gateways: factsOf(...gateways), tls: servedHosts }).problems;
const calling =
  (call: Call): Change =>
  ({ calls = [] }) => ({ calls: [...calls, call] });
/** A port otherwise, of which the service has no other: whatever named one is gone with the others. */
const listening =
  (changes: Partial<Port>): Change =>
  () => ({ ports: [{ name: "http", protocol: "http", port: 8080, target: 8080, ...changes }] });
/** A further port, like the first one but for this. */
const alsoOn =
  (changes: (first: Port) => Partial<Port>): Change =>
  ({ ports }) => {
    const [first] = ports;
    if (!first) throw new Error("each service has a port");
    const { idempotent: _, ...plain } = first;
    return { ports: [...ports, { ...plain, name: "further", port: 65_534, target: 65_533, ...changes(first) }] };
  };

const changes: Record<string, { readonly change: Change; readonly problem: RegExp }> = {
  "a call to nobody": { change: calling({ to: "nobody" }), problem: /calls\[\d+\]\.to is "nobody"; allowed: / },
  "a call to a port of its own that is not there": {
    change: ({ name, calls = [] }) => ({ calls: [...calls, { to: name, port: "none" }] }),
    problem: /calls\[\d+\]\.port is "none"; allowed: one of its ports p0/,
  },
  "storage of several versions": {
    change: () => ({ storage: { "/data": "1Gi" }, versions: [versionOf("v1", 50, 2), versionOf("v2", 50, 1)] }),
    problem: /storage is \{"\/data":"1Gi"\}; allowed: nothing with several versions/,
  },
  "a volume of no size": {
    change: ({ versions }) => ({
      storage: { "/data": "1G" },
      versions: versions.slice(0, 1).map((one) => ({ ...one, weight: 100 })),
    }),
    problem: /storage\.\/data is "1G"; allowed: a size such as 500Mi or 1Gi/,
  },
  "a host of the cluster as one outside": {
    change: () => ({ egress: [{ ...outside, hosts: ["shop.prod.svc.cluster.local"] }] }),
    problem: /egress\.out\.hosts\[0\] is "shop\.prod\.svc\.cluster\.local"; allowed: the full name of a host outside/,
  },
  "a rule that leads to nowhere": {
    change: (service, applications) => ({
      ...listening({})(service, applications),
      rules: { match: [{ headers: { "x-team": "a" }, version: "v9" }] },
    }),
    problem: /rules\.match\[0\]\.version is "v9"; allowed: one of the versions v1/,
  },
  "a fault without an end": {
    change: (service, applications) => ({
      ...listening({})(service, applications),
      rules: { match: [], fault: { abort: 503, percent: 100, until: "soon" } },
    }),
    problem: /rules\.fault\.until is "soon"; allowed: a day such as/,
  },
  "a call to what nobody can call": {
    change: (service, applications) => {
      const { workers = [], jobs = [] } = applications.find(({ services }) => services.includes(service)) ?? {};
      return calling({ to: [...workers, ...jobs][0]?.name ?? "nobody" })(service, applications);
    },
    problem: /calls\[\d+\]\.to is ".*"; allowed: /,
  },
  "a name in upper case": { change: ({ name }) => ({ name: name.toUpperCase() }), problem: /name is ".*"; allowed: lower-case/ },
  "a name too long": { change: ({ name }) => ({ name: name.padEnd(60, "x") }), problem: /name is ".*"; allowed: lower-case/ },
  "no version": { change: () => ({ versions: [] }), problem: /versions is \{\}; allowed: at least one/ },
  "weights of 99": {
    change: ({ versions }) => {
      const taken = versions.findIndex(({ weight }) => weight > 0);
      return { versions: versions.map((version, index) => ({ ...version, weight: version.weight - Number(index === taken) })) };
    },
    problem: /weights that sum to 100, not 99/,
  },
  "a version in upper case": {
    change: () => ({ versions: [versionOf("V1", 100, 1)] }),
    problem: /versions\.V1 is not a key; allowed: lower-case/,
  },
  "a canary to nowhere": {
    change: () => ({ canary: { header: "x-canary", value: "true", version: "v9" } }),
    problem: /canary\.version is "v9"; allowed: one of the versions v1/,
  },
  "two versions that are alike": {
    change: () => ({ versions: [versionOf("v1", 50, 2), { ...versionOf("v1", 50, 1), name: "v2" }] }),
    problem: /versions\.v2 is .*; allowed: a version that differs from v1 in its image, command, args, env or resources/,
  },
  "no ports": { change: () => ({ ports: [] }), problem: /ports is \{\}; allowed: at least one port/ },
  "no port": { change: listening({ port: 0 }), problem: /ports\.http\.port is 0; allowed: / },
  "the proxy's port": { change: listening({ target: 15_001 }), problem: /ports\.http\.target is 15001; allowed: / },
  "a port twice": {
    change: alsoOn(({ port }) => ({ port })),
    problem: /ports\.further\.port is \d+; allowed: a port that .* does not have/,
  },
  "a target twice": {
    change: alsoOn(({ target }) => ({ target })),
    problem: /ports\.further\.target is \d+; allowed: a target that .* does not have/,
  },
  "a port's name in upper case": {
    change: listening({ name: "Http" }),
    problem: /ports\.Http is not a key; allowed: lower-case/,
  },
  "a protocol that nobody knows": {
    change: listening({ protocol: "udp" as Port["protocol"] }),
    problem: /ports\.http\.protocol is "udp"; allowed: one of http, http2, grpc, tcp, tls/,
  },
  "a call to a port that is not there": {
    change: ({ name }, applications) => {
      const all = applications.flatMap(({ namespace, services }) => services.map((service) => ({ ...service, namespace })));
      const { namespace, ...callee } = all.find((service) => service.name !== name) ?? { namespace: "n", name };
      return { calls: [{ to: `${namespace}/${callee.name}`, port: "none" }] };
    },
    problem: /calls\[0\]\.port is "none"; allowed: one of its ports p0|calls\[0\]\.to is ".*"; allowed: /,
  },
  "a port of connections for gateways": {
    change: (service, applications) => ({
      ...listening({ protocol: "tls" })(service, applications),
      exposed: { api: { path: "/a" } },
    }),
    problem: /exposed is \{"api":\{"path":"\/a"\}\}; allowed: nothing, as gateways take requests/,
  },
  "methods of HTTP for gRPC": {
    change: (service, applications) => ({
      ...listening({ protocol: "grpc" })(service, applications),
      exposed: { api: { path: "/a.B", methods: ["GET"] } },
    }),
    problem: /exposed\.api\.methods is \["GET"\]; allowed: nothing of gRPC/,
  },
  "a probe in what a port does not speak": {
    change: (service, applications) => ({
      ...listening({ protocol: "http" })(service, applications),
      probes: { ready: { grpc: 8080 }, startWithin: 60 },
    }),
    problem: /probes\.ready\.grpc is 8080; allowed: the number of a port that is not among the ports/,
  },
  "a path with a slash at its end": {
    change: () => ({ exposed: { api: { path: "/a/" } } }),
    problem: /exposed\.api\.path is "\/a\/"; allowed: /,
  },
  "a path that is encoded": {
    change: () => ({ exposed: { api: { path: "/%61" } } }),
    problem: /exposed\.api\.path is "\/%61"; allowed: /,
  },
  "a path of a version without one": {
    change: () => ({ exposed: { api: { path: "/a", versioned: "/a/v1" } } }),
    problem: /exposed\.api\.versioned is "\/a\/v1"; allowed: /,
  },
  "a method in lower case": {
    change: () => ({ exposed: { api: { path: "/a", methods: ["get"] } } }),
    problem: /exposed\.api\.methods\[0\] is "get"; allowed: one of GET/,
  },
  "tries without the time": {
    change: () => ({ resilience: { ...defaultResilience, timeout: "1s" } }),
    problem: /resilience\.timeout is "1s"; allowed: at least 4\.8s/,
  },
  "what Istio's gateway cannot do": {
    change: (service, applications) => ({
      ...listening({})(service, applications),
      exposed: { api: { path: "/a", gateways: ["istio"], policies: { bots: {} } } },
    }),
    problem: /exposed\.api\.policies\.bots|exposed\.api\.gateways\[0\] is "istio"; allowed: a gateway that runs/,
  },
};

describe("any applications are refused with", () => {
  test.each(Object.entries(changes))("%s", (_what, { change, problem }) => {
    fc.assert(
      fc.property(declared(), fc.nat(), ({ applications, gateways }, pick) => {
        const wrong = changeOne(applications, pick, change);
        expect(problemsOf(wrong, gateways)).toContainEqual(expect.stringMatching(problem));
      }),
      { numRuns: 20 },
    );
  });

  test("an application that is there twice", () => {
    fc.assert(
      fc.property(declared(), fc.nat(), ({ applications, gateways }, pick) => {
        const twice = applications.slice(pick % applications.length).slice(0, 1);
        const found = problemsOf([...applications, ...twice], gateways);
        expect(found).toContainEqual(
          expect.stringMatching(/^apps: namespace .* allowed: a namespace that no other application has/),
        );
      }),
      { numRuns: 20 },
    );
  });

  test("two services on one path", () => {
    fc.assert(
      fc.property(declared(), fc.nat(), ({ applications, gateways }, pick) => {
        const [application] = applications;
        if (!application) throw new Error("there is an application");
        const exposed = { api: { path: "/same" } };
        const both = ["one", "other"].map((name) => service(`${name}-${pick % 10}`, { exposed }));
        const wrong = [{ ...application, services: [...application.services, ...both] }, ...applications.slice(1)];
        expect(problemsOf(wrong, gateways)).toEqual([
          `apps: ${application.namespace}/other-${pick % 10} exposed.api.path is "/same"; allowed: a path that nobody else has; ${application.namespace}/one-${pick % 10} exposed.api.path has /same already`,
        ]);
      }),
      { numRuns: 20 },
    );
  });
});

test("what is declared is read as it is, in whichever way it is written", () => {
  fc.assert(
    fc.property(declared(), ({ applications, gateways }) => {
      const read = checkApplications(declaredAs(applications), { gateways: factsOf(...gateways), tls: servedHosts }).applications;
      const named = <P extends { readonly image: object }>({ image, ...program }: P) => ({
        ...program,
        image: { reference: imageName(image as Image) },
      });
      const deployed = read.map(({ namespace, services, workers = [], jobs = [] }) => ({
        namespace,
        services: services.map(({ container: _, initContainers: _init, canary: _canary, ...service }) => ({
          ...service,
          versions: service.versions.map(named),
        })),
        workers: workers.map(({ container: _, initContainers: _init, ...worker }) => ({
          ...worker,
          versions: worker.versions.map(named),
        })),
        jobs: jobs.map(({ program, initContainers: _, ...job }) => ({ ...job, program: named(program) })),
      }));
      expect(deployed).toEqual(
        applications.map(({ namespace, services, workers = [], jobs = [] }) => ({
          namespace,
          services: services.map(({ container: _, canary: _canary, calls = [], egress = [], ...service }) => ({
            ...service,
            ...{ calls, egress },
          })),
          workers: workers.map(({ container: _, calls = [], egress = [], ...worker }) => ({ ...worker, calls, egress })),
          jobs: jobs.map(({ calls = [], egress = [], ...job }) => ({ ...job, calls, egress })),
        })),
      );
    }),
    { numRuns: 50 },
  );
});

test("a call leads to the port that it names, and a gateway to one that it can offer", () => {
  fc.assert(
    fc.property(declared(), ({ applications, gateways }) => {
      const { edges } = new CallGraph(applications, factsOf(...gateways));
      for (const { namespace, services } of applications) {
        for (const service of services) {
          const { name, calls = [] } = service;
          const own = edges.filter(({ from }) => from.namespace === namespace && from.name === name);
          expect(own.map(({ port }) => port.name)).toEqual(calls.map(({ port }, index) => port ?? own[index]?.to.ports[0]?.name));
          expect(own.every(({ to, port }) => to.ports.includes(port))).toBe(true);
          const offered = exposuresOf(service);
          expect(offered.map((one) => one.name)).toEqual(Object.keys(service.exposed ?? {}));
          expect(offered.every(({ port }) => hasRequests(port.protocol))).toBe(true);
          const offering = edges.filter((edge) => edge.gateway && edge.to.namespace === namespace && edge.to.name === name);
          // A redirect asks nobody.
          const asked = offered.filter(({ exposure }) => !exposure.redirect);
          expect(offering.map(({ port }) => port)).toEqual(
            asked.flatMap(({ exposure, port }) => (exposure.gateways ?? gateways).map(() => port)),
          );
        }
      }
      const routes = applications.flatMap((application) => routesOf(application, gateways));
      const exposures = applications.flatMap(({ services }) => services.flatMap(({ exposed = {} }) => Object.keys(exposed)));
      expect(routes.map(({ name }) => name)).toEqual(exposures);
      for (const { service } of routes) expect(["http", "http2", "grpc"]).toContain(service.protocol);
    }),
    { numRuns: 50 },
  );
});

test("each kind of exposure comes up, and what is offered is taken with the hosts that are served", () => {
  const kinds = ["hosts", "exact", "methods", "versioned", "rewrite", "redirect", "timeout", "stream", "gateways"] as const;
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(declared(), ({ applications, gateways }) => {
      expect(problemsOf(applications, gateways)).toEqual([]);
      for (const { exposed = {} } of applications.flatMap(({ services }) => services)) {
        const all = Object.values(exposed);
        const several = all.length > 1 ? ["several"] : [];
        const beside = all.some((one, index) => all.slice(index + 1).some(({ path }) => path === one.path)) ? ["beside"] : [];
        const given = all.flatMap((one) => kinds.filter((kind) => one[kind]));
        for (const kind of [...several, ...beside, ...given]) seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: 100 },
  );
  for (const kind of [...kinds, "several", "beside"]) expect([kind, (seen.get(kind) ?? 0) > 3]).toEqual([kind, true]);
});

/** One service otherwise; all others as they were. */
function changeOne(applications: readonly ApplicationSpec[], pick: number, change: Change): ApplicationSpec[] {
  const all = applications.flatMap(({ services }) => services);
  const chosen = all[pick % all.length];
  return applications.map(({ services, ...application }) => ({
    ...application,
    services: services.map((service) => (service === chosen ? { ...service, ...change(service, applications) } : service)),
  }));
}
