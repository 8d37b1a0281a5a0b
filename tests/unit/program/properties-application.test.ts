import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Application } from "../../../components/app/Application.ts";
import { routesOf } from "../../../components/app/routes.ts";
import { CallGraph } from "../../../components/security/CallGraph.ts";
import { type Declared, declared } from "../../support/arbitraries.ts";
import { at, type Inputs, type Recording, type Registered, record } from "../../support/mocks.ts";

/*
 * What holds for everything that applications register, whatever they declare.
 */

const runs = { numRuns: 8 };
const kinds = ["Deployment", "StatefulSet"];

function recordApplications({ applications, gateways }: Declared): Promise<Recording> {
  const graph = new CallGraph(applications, gateways);
  const routes = applications.flatMap((application) => routesOf(application, gateways));
  const mesh = { injection: { "istio-injection": "enabled" }, podAnnotations: {} };
  return record(() => {
    for (const spec of applications) new Application(spec.namespace, { spec, graph, routes, mesh });
  });
}

/** Holds what a property says of all that any applications register. */
const forAny = (property: (recording: Recording, given: Declared) => void) =>
  fc.assert(
    fc.asyncProperty(declared(), async (given) => property(await recordApplications(given), given)),
    runs,
  );

const kindOf = ({ type }: Registered) => type.split(":").at(-1) ?? "";
const metadataOf = (inputs: Inputs) =>
  at<{ name?: string; namespace?: string; labels?: Record<string, string> }>(inputs, "metadata");

test("every route's weights sum to 100, and lead to a version that pods have", async () => {
  await forAny(({ all }) => {
    const subsets = new Map(
      all("kubernetes:networking.istio.io/v1:DestinationRule").map(({ inputs }) => [
        at<string>(inputs, "spec.host"),
        at<{ name: string }[]>(inputs, "spec.subsets").map(({ name }) => name),
      ]),
    );
    for (const { inputs } of all("kubernetes:networking.istio.io/v1:VirtualService")) {
      for (const { route } of at<Rule[]>(inputs, "spec.http")) {
        expect(route.reduce((total, { weight }) => total + weight, 0)).toBe(100);
        for (const { destination } of route) expect(subsets.get(destination.host)).toContain(destination.subset);
      }
    }
  });
});

interface Rule {
  readonly route: readonly {
    readonly destination: { readonly host: string; readonly subset: string };
    readonly weight: number;
  }[];
}

test("every workload has an account of its own, which its pods use and no other's", async () => {
  await forAny(({ resources }, { applications }) => {
    const accounts = resources.filter((resource) => kindOf(resource) === "ServiceAccount").map(({ inputs }) => key(inputs));
    const declaredNames = applications.flatMap(({ namespace, services, databases = [], loads = [] }) =>
      [...services, ...databases, ...loads].map(({ name }) => `${namespace}/${name}`),
    );
    expect(accounts.toSorted()).toEqual(declaredNames.toSorted());
    const users = resources
      .filter((resource) => kinds.includes(kindOf(resource)))
      .map(({ inputs }) => {
        const labels = at<Record<string, string>>(inputs, "spec.template.metadata.labels");
        const account = at<string>(inputs, "spec.template.spec.serviceAccountName");
        // Policies select by the one and allow by the other.
        expect(account).toBe(labels.app);
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

test("every name is one that Kubernetes takes, and no two objects have the same", async () => {
  const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
  await forAny(({ resources }) => {
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    const named = objects.filter(({ inputs }) => metadataOf(inputs).name !== undefined);
    for (const object of named) {
      expect(metadataOf(object.inputs).name).toMatch(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
      if (["Namespace", "Service", "StatefulSet"].includes(kindOf(object))) expect(metadataOf(object.inputs).name).toMatch(label);
    }
    expect(new Set(named.map((object) => `${kindOf(object)} ${key(object.inputs)}`)).size).toBe(named.length);
    expect(new Set(resources.map(({ type, name }) => `${type} ${name}`)).size).toBe(resources.length);
    for (const { name, ...object } of objects.filter((resource) => kinds.includes(kindOf(resource)))) {
      // What Pulumi, the ReplicaSet and the pod append.
      const pod =
        kindOf({ name, ...object }) === "StatefulSet"
          ? `${metadataOf(object.inputs).name}-0`
          : `${name}-01234567-0123456789-01234`;
      expect(pod).toMatch(label);
      for (const value of Object.values(at<Record<string, string>>(object.inputs, "spec.template.metadata.labels"))) {
        expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
      }
      for (const { name: container } of at<{ name: string }[]>(object.inputs, "spec.template.spec.containers")) {
        expect(container).toMatch(label);
      }
    }
  });
});

const key = (inputs: Inputs) => `${metadataOf(inputs).namespace}/${metadataOf(inputs).name}`;
