import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApplicationSpec, Call, ServiceSpec } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import type { GatewayName } from "../../../model/gateway.ts";
import { defaultResilience } from "../../../model/resilience.ts";
import { declared } from "../../lib/arbitraries.ts";
import { declared as declaredAs, factsOf } from "../../lib/shop.ts";

/*
 * One thing wrong in applications that are fine otherwise, wherever it is: they are refused, and told where and why.
 */

type Change = (service: ServiceSpec, applications: readonly ApplicationSpec[]) => Partial<ServiceSpec>;

const first = { name: "v1", weight: 100, replicas: 1 };
const problemsOf = (applications: readonly ApplicationSpec[], gateways: readonly GatewayName[]) =>
  checkApplications(declaredAs(applications), { gateways: factsOf(...gateways) }).problems;
const calling =
  (call: Call): Change =>
  ({ calls = [] }) => ({ calls: [...calls, call] });

const changes: Record<string, { readonly change: Change; readonly problem: RegExp }> = {
  "a call to nobody": { change: calling({ to: "nobody" }), problem: /calls\[\d+\]\.to is "nobody"; allowed: / },
  "a call to itself": {
    change: ({ name, calls = [] }) => ({ calls: [...calls, { to: name }] }),
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
    change: () => ({ versions: [{ ...first, name: "V1" }] }),
    problem: /versions\.V1 is not a key; allowed: lower-case/,
  },
  "a canary to nowhere": {
    change: () => ({ canary: { header: "x-canary", version: "v9" } }),
    problem: /canary\.version is "v9"; allowed: one of the versions v1/,
  },
  "no port": { change: () => ({ port: 0 }), problem: /port is 0; allowed: / },
  "the proxy's port": { change: () => ({ containerPort: 15_001 }), problem: /containerPort is 15001; allowed: / },
  "a path with a slash at its end": {
    change: () => ({ exposed: { path: "/a/" } }),
    problem: /exposed\.path is "\/a\/"; allowed: /,
  },
  "a path that is encoded": { change: () => ({ exposed: { path: "/%61" } }), problem: /exposed\.path is "\/%61"; allowed: / },
  "a path of a version without one": {
    change: () => ({ exposed: { path: "/a", versioned: "/a/v1" } }),
    problem: /exposed\.versioned is "\/a\/v1"; allowed: /,
  },
  "a method in lower case": {
    change: () => ({ exposed: { path: "/a", methods: ["get"] } }),
    problem: /exposed\.methods\[0\] is "get"; allowed: one of GET/,
  },
  "tries without the time": {
    change: () => ({ resilience: { ...defaultResilience, timeout: "1s" } }),
    problem: /resilience\.timeout is "1s"; allowed: at least 4\.8s/,
  },
  "what Istio's gateway cannot do": {
    change: () => ({ exposed: { path: "/a", gateways: ["istio"], policies: { bots: {} } } }),
    problem: /exposed\.policies\.bots|exposed\.gateways\[0\] is "istio"; allowed: a gateway that runs/,
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
        const services = (application?.services ?? []).map(({ exposed: _, ...service }) => service);
        const [one] = services;
        if (!application || !one) throw new Error("each application has a service");
        const exposed = { path: "/same" };
        const other = { ...one, name: `other-${pick % 10}`, calls: [], exposed };
        const wrong = [
          { ...application, services: [{ ...one, exposed }, ...services.slice(1), other] },
          ...applications.slice(1),
        ];
        expect(problemsOf(wrong, gateways)).toEqual([
          `apps: ${application.namespace}/${other.name} exposed.path is "/same"; allowed: a path that nobody else has; ${application.namespace}/${one.name} exposed.path has /same already`,
        ]);
      }),
      { numRuns: 20 },
    );
  });
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
