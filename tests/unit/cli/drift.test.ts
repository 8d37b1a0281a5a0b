import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { findDrift } from "../../../cli/drift/findDrift.ts";
import { mendDrift } from "../../../cli/drift/mend.ts";
import { decodeRelease } from "../../../cli/drift/releases.ts";
import { describeDrift } from "../../../cli/drift/stackDrift.ts";
import type { Deployment, Resource } from "../../../cli/pulumi/deployment.ts";
import { UserError } from "../../../lib/errors.ts";

/** A cluster of objects, and what kubectl was told to change in it. */
class Cluster {
  readonly patches: string[] = [];
  readonly deletions: string[] = [];
  constructor(private readonly objects: readonly object[]) {}

  readonly kubectl = async (args: readonly string[]) => {
    if (args[0] === "patch") this.patches.push(args.slice(1).join(" "));
    if (args[0] === "delete") this.deletions.push(args.slice(1).join(" "));
    const types = (args[1] ?? "").split(",");
    const helm = args.includes("--selector=owner=helm,status=deployed");
    const items = this.objects.filter((object) => {
      const { apiVersion, kind, metadata } = object as {
        apiVersion: string;
        kind: string;
        metadata: { labels?: { owner?: string } };
      };
      const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
      const isHelms = metadata.labels?.owner === "helm";
      return helm ? isHelms : !isHelms && types.includes(`${kind}.${version}.${group}`);
    });
    return { ok: true, stdout: JSON.stringify({ items }), all: "" };
  };
}

const urn = (name: string) => `urn:pulumi:local::mesh::type::${name}`;

interface Shape {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A resource of the state, as it was deployed: the server has added what it adds. */
function deployed<T extends Shape>(declared: T): Resource {
  const { name, namespace } = declared.metadata;
  return {
    urn: urn(name),
    type: `kubernetes:${declared.apiVersion.includes("/") ? "" : "core/"}${declared.apiVersion}:${declared.kind}`,
    custom: true,
    id: namespace === undefined ? name : `${namespace}/${name}`,
    inputs: declared as unknown as Record<string, unknown>,
    outputs: { ...(live(declared) as object) },
  };
}

function live<T extends Shape>(declared: T, version = "1", uid = "u") {
  return { ...declared, metadata: { ...declared.metadata, uid, resourceVersion: version, generation: 1 } };
}

const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "prod" } };
const nothing = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name: "allow-nothing", namespace: "prod" },
  spec: {},
};
const containers = (image: string) => [{ name: "shop", image, env: [{ name: "PORT", value: "80" }] }];
const workload = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop-v1", namespace: "prod", labels: { app: "shop" } },
  spec: { replicas: 2, template: { spec: { containers: containers("shop:1") } } },
};
const routes = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "shop", namespace: "prod" },
  spec: { http: [{ name: "weighted", route: [{ weight: 90 }, { weight: 10 }] }] },
};

const state = (...resources: Resource[]): Deployment => ({ resources });
const never = () => Promise.reject(new Error("no secret is needed"));
const find = (deployment: Deployment, objects: readonly object[], reveal: () => Promise<Deployment> = never) =>
  findDrift(deployment, { kubectl: new Cluster(objects).kubectl, reveal });
const problems = async (...args: Parameters<typeof find>) => (await find(...args))?.map(({ problem }) => problem);

const all = state(...[namespace, nothing, workload, routes].map((object) => deployed(object)));

describe("of objects", () => {
  test("a healthy stack has none: not by a new status, nor by what the server and controllers add", async () => {
    const touched = {
      ...live(workload, "7"),
      status: { readyReplicas: 1 },
      spec: { ...workload.spec, revisionHistoryLimit: 10 },
    };
    const annotated = {
      ...touched,
      metadata: { ...touched.metadata, annotations: { "deployment.kubernetes.io/revision": "2" } },
    };
    expect(await problems(all, [live(namespace), live(nothing, "5"), annotated, live(routes)])).toEqual([]);
  });

  test("a quantity in the server's own spelling is none", async () => {
    const limited = (cpu: string) => ({
      ...workload,
      spec: { template: { spec: { containers: [{ name: "shop", resources: { cpu } }] } } },
    });
    const resource = { ...deployed(limited("1000m")), outputs: live(limited("1")) };
    expect(await problems(state(resource), [live(limited("1"), "9")])).toEqual([]);
  });

  test("what is gone is named, and so is what is being deleted", async () => {
    const going = live(nothing);
    const leaving = { ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(await problems(all, [live(namespace), leaving, live(routes)])).toEqual([
      "AuthorizationPolicy prod/allow-nothing is missing",
      "Deployment prod/shop-v1 is missing",
    ]);
  });

  test("a namespace is named with the number of what went with it", async () => {
    const drift = (await find(all, [])) ?? [];
    expect(describeDrift(drift)).toEqual(["Namespace prod is missing, with 3 objects in it"]);
  });

  test.each([
    ["scaled", { replicas: 0, template: workload.spec.template }, "spec.replicas is 0, not 2"],
    [
      "given another image",
      { replicas: 2, template: { spec: { containers: containers("shop:2") } } },
      "spec.template.spec.containers[0].image is shop:2, not shop:1",
    ],
    [
      "given another container",
      { replicas: 2, template: { spec: { containers: [...containers("shop:1"), { name: "more" }] } } },
      "spec.template.spec.containers[1] was added",
    ],
  ])("a Deployment that was %s", async (_how, spec, change) => {
    const found = await problems(state(deployed(workload)), [{ ...live(workload, "2"), spec }]);
    expect(found).toEqual([`Deployment prod/shop-v1 was changed: ${change}`]);
  });

  test("a weight, a label and an object that was made again", async () => {
    const shifted = { ...live(routes, "2"), spec: { http: [{ name: "weighted", route: [{ weight: 50 }, { weight: 50 }] }] } };
    const relabelled = live({ ...workload, metadata: { ...workload.metadata, labels: { app: "other" } } }, "2");
    expect(await problems(all, [live(namespace), live(nothing, "2", "another"), relabelled, shifted])).toEqual([
      "AuthorizationPolicy prod/allow-nothing was deleted and created again by somebody else",
      "Deployment prod/shop-v1 was changed: metadata.labels.app is other, not shop",
      "VirtualService prod/shop was changed: spec.http[0].route[0].weight is 50, not 90, spec.http[0].route[1].weight is 50, not 10",
    ]);
  });

  test("a rule that was added to a policy that allows nothing, and its way back", async () => {
    const opened = { ...live(nothing, "2"), spec: { rules: [{}] } };
    const cluster = new Cluster([opened]);
    const deployment = state(deployed(nothing));
    const drift = (await findDrift(deployment, { kubectl: cluster.kubectl, reveal: never })) ?? [];
    expect(drift.map(({ problem }) => problem)).toEqual([
      "AuthorizationPolicy prod/allow-nothing was changed: spec.rules was added",
    ]);
    const mended = await mendDrift(deployment, drift, cluster.kubectl);
    expect(cluster.patches).toEqual([
      'AuthorizationPolicy.v1.security.istio.io allow-nothing --namespace=prod --type=json --patch=[{"op":"remove","path":"/spec/rules"}]',
    ]);
    expect(mended.resources?.[0]?.initErrors).toEqual(drift.map(({ problem }) => problem));
    // Nothing is called mended of which a part stays.
    const refusing = async () => ({ ok: false, stdout: "", all: "error: looked\nforbidden: no right to patch\n" });
    await expect(mendDrift(deployment, drift, refusing)).rejects.toThrow(
      new UserError(
        "What somebody added to the AuthorizationPolicy prod/allow-nothing could not be taken away: forbidden: no right to patch",
      ),
    );
  });

  test("a secret is compared when it was touched, and its values are not told", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace: "prod" }, data: { key: "b2xk" } };
    const mark = (value: object) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ...value });
    const closed = { ...deployed(secret), inputs: { ...secret, data: mark({ ciphertext: "x" }) } };
    const hidden = { ...closed, outputs: { ...live(secret), data: mark({ ciphertext: "x" }) } };
    const plaintext = mark({ plaintext: JSON.stringify(secret.data) });
    const open = { ...hidden, inputs: { ...secret, data: plaintext }, outputs: { ...live(secret), data: plaintext } };
    expect(await problems(state(hidden), [live(secret)])).toEqual([]);
    expect(await problems(state(hidden), [live(secret, "2")], async () => state(open))).toEqual([]);
    const changed = { ...live(secret, "2"), data: { key: "bmV3", more: "eA==" } };
    expect(await problems(state(hidden), [changed], async () => state(open))).toEqual([
      "Secret prod/keys was changed: data.key is not what was deployed, data.more was added",
    ]);
  });

  test("what a run has under way, what is only read and what is still to be deleted is not judged", async () => {
    const resource = deployed(workload);
    expect(await problems({ resources: [resource], pending_operations: [{ type: "updating", resource }] }, [])).toEqual([]);
    expect(await problems(state({ ...resource, external: true }, { ...resource, delete: true }), [])).toEqual([]);
  });

  test("a cluster that does not answer is not taken for an empty one", async () => {
    const silent = async () => ({ ok: false, stdout: "", all: "connection refused" });
    expect(await findDrift(all, { kubectl: silent, reveal: never })).toBeUndefined();
  });

  test("of a kind that the cluster does not know any more, everything is gone", async () => {
    const { kubectl } = new Cluster([live(namespace), live(workload), live(routes)]);
    const without = async (args: readonly string[]) =>
      args[1]?.includes("security.istio.io")
        ? { ok: false, stdout: "", all: `error: the server doesn't have a resource type "AuthorizationPolicy"` }
        : kubectl(args);
    const drift = await findDrift(all, { kubectl: without, reveal: never });
    expect(drift?.map(({ problem }) => problem)).toEqual(["AuthorizationPolicy prod/allow-nothing is missing"]);
  });
});

describe("of a Job", () => {
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "prod-migrate-1", namespace: "prod" },
    spec: { backoffLimit: 3, template: { spec: { containers: containers("job:1") } } },
  };
  const deployment = state(deployed(namespace), deployed(job));
  const ended = (...conditions: object[]) => ({ ...live(job, "9"), status: { failed: 4, conditions } });
  const failed = {
    type: "Failed",
    status: "True",
    reason: "BackoffLimitExceeded",
    message: "Job has reached the specified backoff limit",
  };

  test("one that has failed is as good as missing, and says why", async () => {
    const { message: _, ...withoutMessage } = failed;
    const { reason: _reason, ...withoutReason } = withoutMessage;
    const reasonOf = async (condition: object) => problems(deployment, [live(namespace), ended(condition)]);
    const started = { type: "FailureTarget", status: "True" };
    for (const [found, why] of [
      [await problems(deployment, [live(namespace), ended(started, failed)]), "Job has reached the specified backoff limit"],
      [await reasonOf(withoutMessage), "BackoffLimitExceeded"],
      [await reasonOf(withoutReason), "it says no more"],
    ]) {
      expect(found).toEqual([`Job prod/prod-migrate-1 has failed: ${why}`]);
    }
    expect(await find(deployment, [live(namespace), ended(failed)])).toMatchObject([{ kind: "missing", differences: [] }]);
  });

  test("one that has failed since it was deployed, too, where the state knows of it", async () => {
    const known = state(deployed(namespace), { ...deployed(job), outputs: ended(failed) });
    expect(await problems(known, [live(namespace), ended(failed)])).toHaveLength(1);
  });

  test("one that runs, has ended, or may still end well has no drift", async () => {
    for (const conditions of [[], [{ type: "Complete", status: "True" }], [{ ...failed, status: "False" }]]) {
      expect(await problems(deployment, [live(namespace), ended(...conditions)])).toEqual([]);
    }
    expect(await problems(deployment, [live(namespace), live(job)])).toEqual([]);
  });

  test("what another kind calls failed is none of a Job", async () => {
    const touched = { ...live(workload, "9"), status: { conditions: [failed] } };
    expect(await problems(state(deployed(workload)), [touched])).toEqual([]);
  });

  test("one that has failed is put right by the next, which has another name: it is deleted, and leaves the state", async () => {
    const cluster = new Cluster([live(namespace), ended(failed)]);
    const drift = (await findDrift(deployment, { kubectl: cluster.kubectl, reveal: never })) ?? [];
    const mended = await mendDrift(deployment, drift, cluster.kubectl);
    expect(cluster.deletions).toEqual(["jobs.batch prod-migrate-1 --namespace=prod --ignore-not-found --wait=false"]);
    expect(mended.resources?.map((resource) => resource.urn)).toEqual([urn("prod")]);
  });

  test("nothing else is deleted: neither what is missing nor a Job that was changed", async () => {
    const touched = live({ ...job, spec: { ...job.spec, backoffLimit: 9 } }, "9");
    const cluster = new Cluster([touched]);
    const drift = (await findDrift(deployment, { kubectl: cluster.kubectl, reveal: never })) ?? [];
    expect(drift.map(({ kind }) => kind)).toEqual(["missing", "changed"]);
    await mendDrift(deployment, drift, cluster.kubectl);
    expect(cluster.deletions).toEqual([]);
  });
});

describe("of Helm releases", () => {
  const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: gateway }
spec:
  replicas: 2
  template: { spec: { hostNetwork: false, containers: [{ name: proxy, image: auto, resources: { limits: { cpu: 1000m } } }] } }
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: injector }
webhooks: [{ name: a, failurePolicy: Fail }]
`;
  const kinds = {
    "Deployment.apps/apps/v1": ["edge/gateway"],
    "MutatingWebhookConfiguration.admissionregistration.k8s.io/admissionregistration.k8s.io/v1": ["injector"],
  };
  const release = {
    urn: urn("gateway"),
    type: "kubernetes:helm.sh/v3:Release",
    custom: true,
    id: "edge/gateway",
    outputs: { status: { revision: 3 }, resourceNames: kinds },
  };
  const record = (version: number) => {
    const json = JSON.stringify({ name: "gateway", namespace: "edge", version, manifest });
    const data = Buffer.from(gzipSync(json).toString("base64")).toString("base64");
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `v${version}`, namespace: "edge", labels: { owner: "helm" } },
      data: { release: data },
    };
  };
  const owned = (spec: object) => [
    { manager: "helm", fieldsV1: { "f:metadata": { "f:annotations": { "f:meta.helm.sh/release-name": {} } }, "f:spec": spec } },
  ];
  const container = { 'k:{"name":"proxy"}': { "f:image": {}, "f:resources": { "f:limits": { "f:cpu": {} } } } };
  const whole = { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": container } } };
  const gateway = (replicas: number, image = "auto", fields: object = whole) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "gateway", namespace: "edge", managedFields: owned(fields) },
    spec: { replicas, template: { spec: { containers: [{ name: "proxy", image, resources: { limits: { cpu: "1" } } }] } } },
  });
  const injector = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "injector" },
    webhooks: [{ name: "a", failurePolicy: "Ignore" }],
  };

  test("a healthy one has none, whatever controllers make of its webhooks and the server of its quantities", async () => {
    expect(await problems(state(release), [record(2), record(3), gateway(2), injector])).toEqual([]);
  });

  test("of a definition only its name is read, in whatever order it is written", () => {
    const definition = (name: string) => `kind: CustomResourceDefinition\nmetadata:\n  name: ${name}\n`;
    const spec = "spec:\n  versions: [{ name: v1 }]\n";
    const documents = [
      `# Source: base\napiVersion: apiextensions.k8s.io/v1\n${definition("a.example.com")}${spec}`,
      `${spec}apiVersion: apiextensions.k8s.io/v1\n${definition("b.example.com")}`,
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: text }\ndata: { a: '--- no end' }\n",
      // Other people's charts say a key twice, and Helm takes it.
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: twice, name: twice }\n",
    ];
    const json = JSON.stringify({ name: "n", namespace: "s", version: 1, manifest: documents.join("--- # next\n") });
    const { objects } = decodeRelease(Buffer.from(gzipSync(json).toString("base64")).toString("base64"));
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(["a.example.com", "b.example.com", "text", "twice"]);
    expect(objects.map((object) => "spec" in object)).toEqual([false, true, false, false]);
    expect(objects[2]).toMatchObject({ data: { a: "--- no end" } });
  });

  test("an object that is gone, whether or not it lies in a namespace", async () => {
    expect(await problems(state(release), [record(3)])).toEqual([
      "Deployment gateway of the Helm release edge/gateway is missing",
      "MutatingWebhookConfiguration injector of the Helm release edge/gateway is missing",
    ]);
  });

  test("a field that somebody else has taken", async () => {
    const { "f:replicas": _, ...rest } = whole;
    expect(await problems(state(release), [record(3), gateway(0, "auto", rest), injector])).toEqual([
      "Deployment edge/gateway of the Helm release edge/gateway was changed: spec.replicas is 0, not 2",
    ]);
  });

  test("a revision that the state does not know, and a release that is gone", async () => {
    expect(await problems(state(release), [record(4), gateway(2), injector])).toEqual([
      "Helm release edge/gateway was changed: it is at revision 4, not 3",
    ]);
    const unfinished = { ...release, initErrors: ["not ready in time"] };
    expect(await problems(state(unfinished), [record(4), gateway(2), injector])).toEqual([]);
    const drift = (await find(state(release), [])) ?? [];
    expect(drift).toMatchObject([{ kind: "missing", problem: "Helm release edge/gateway is missing" }]);
    expect((await mendDrift(state(release), drift, never)).resources).toEqual([]);
  });
});
