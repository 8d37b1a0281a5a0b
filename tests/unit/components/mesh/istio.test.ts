import { beforeAll, describe, expect, test } from "vitest";
import { Istio, type IstioArgs } from "../../../../components/mesh/Istio.ts";
import { otherThan } from "../../../../components/mesh/upgrades.ts";
import type { IstioPlatform } from "../../../../model/istioPlatforms.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";
import { recordStack } from "../../../lib/stacks.ts";

const release = "kubernetes:helm.sh/v3:Release";
const namespace = "kubernetes:core/v1:Namespace";
const webhook = "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration";
const chart = (name: string) => ({ chart: name, values: {} });
const args: IstioArgs = {
  charts: { base: chart("base"), cni: chart("cni"), istiod: chart("istiod") },
  replicas: 1,
  proxyCpu: "100m",
};

let local: Recording;

beforeAll(async () => {
  local = await recordStack("local");
});

describe("order", () => {
  const deployment = ["kubernetes:apps/v1:Deployment", "product-product-v1"] as const;
  const strict = ["kubernetes:security.istio.io/v1:PeerAuthentication", "istio-strict"] as const;
  const policies = ["kubernetes:networking.istio.io/v1alpha3:EnvoyFilter", "policies"] as const;
  const routes = ["kubernetes:networking.istio.io/v1:VirtualService", "routes"] as const;

  test.each<[readonly [string, string], readonly [string, string]]>([
    [
      ["pulumi:providers:kubernetes", "mesh-demo"],
      ["mesh:kind:LoadedImages", "mesh-demo-images"],
    ],
    // Destroyed the other way round: istiod's webhook has to answer for the last of its settings too.
    [strict, [release, "istiod"]],
    [
      [release, "istiod"],
      [release, "istio-base"],
    ],
    [[release, "ingress-proxies"], strict],
    [deployment, strict],
    [["kubernetes:networking.istio.io/v1:DestinationRule", "product-product-subsets"], deployment],
    [routes, policies],
    [routes, ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "policies-refusals"]],
    [routes, ["kubernetes:networking.istio.io/v1:Gateway", "ingress-listener"]],
  ])("%j waits for %j", (first, second) => {
    expect(local.waits(first, second)).toBe(true);
  });

  test("the agents of nodes start with what defines Istio's resources and beside istiod, and pods wait for both", () => {
    const [agents, istiod] = [[release, "istio-cni"] as const, [release, "istiod"] as const];
    expect(local.dependsOn(agents, [release, "istio-base"])).toBe(false);
    expect([local.dependsOn(istiod, agents), local.dependsOn(agents, istiod)]).toEqual([false, false]);
    for (const pods of [deployment, [release, "ingress-proxies"] as const]) {
      expect([local.dependsOn(pods, agents), local.dependsOn(pods, istiod)]).toEqual([true, true]);
    }
  });

  test("the gateway and the application start side by side", () => {
    expect(local.waits([namespace, "product"], [release, "ingress-proxies"])).toBe(false);
    expect(local.waits([release, "ingress-proxies"], deployment)).toBe(false);
  });

  test("what the gateway demands waits for no proxy, so that it changes while one does not start", () => {
    expect(local.waits(policies, strict)).toBe(true);
    expect(local.waits(policies, [release, "ingress-proxies"])).toBe(false);
  });
});

test("the charts are told what kind of cluster it is, where Istio's node agent has to know", async () => {
  const valuesOf = async (platform?: IstioPlatform) => {
    const { all } = await record(() => new Istio("istio", { ...args, platform }));
    return Object.fromEntries(all(release).map(({ name, inputs }) => [name, at<unknown>(inputs, "values.global.platform")]));
  };
  expect(await valuesOf("k3s")).toEqual({ "istio-base": "k3s", "istio-cni": "k3s", istiod: "k3s" });
  expect(await valuesOf()).toEqual({ "istio-base": undefined, "istio-cni": undefined, istiod: undefined });
});

describe("what clients may send by the standards", () => {
  test("an offer of another protocol than WebSocket is ignored by every proxy, before any of them starts", () => {
    const name = ["kubernetes:networking.istio.io/v1alpha3:EnvoyFilter", "istio-upgrades"] as const;
    const filter = local.inputs(...name);
    expect(filter).toMatchObject({
      metadata: { namespace: "istio-system" },
      spec: { configPatches: [{ applyTo: "NETWORK_FILTER", match: { context: "ANY" }, patch: { operation: "MERGE" } }] },
    });
    expect(at<object>(filter, "spec")).not.toHaveProperty("workloadSelector");
    const options =
      "spec.configPatches.0.patch.value.typed_config.http_protocol_options.ignore_http_11_upgrade.0.safe_regex.regex";
    expect(at<string>(filter, options)).toBe(`(?i)${otherThan("websocket")}`);
    expect(local.waits([release, "ingress-proxies"], name)).toBe(true);
    expect(local.waits(["kubernetes:apps/v1:Deployment", "product-product-v1"], name)).toBe(true);
  });

  test.each(["TLS/1.2", "h2c", "foo", "", "w", "websocke", "websockets", "xwebsocket", "webSocket/13"])(
    "%j is another one",
    (word) => {
      expect(word).toMatch(new RegExp(`^(?:${otherThan("websocket")})$`, "i"));
    },
  );

  test.each(["websocket", "WebSocket"])("%j is not", (word) => {
    expect(word).not.toMatch(new RegExp(`^(?:${otherThan("websocket")})$`, "i"));
  });

  test("HTTP/1.0 is taken", () => {
    expect(at<object>(local.inputs(release, "istiod"), "values.pilot.env")).toMatchObject({ PILOT_HTTP10: "true" });
  });
});

test("every release is pinned to a namespace of the program's own, waited for, and rolled back when it fails", () => {
  const releases = local.all(release);
  expect(releases.map(({ name }) => name).sort()).toEqual(["ingress-proxies", "istio-base", "istio-cni", "istiod"]);
  for (const { inputs } of releases) {
    expect(inputs).toMatchObject({ createNamespace: false, atomic: true, timeout: 300 });
    expect(inputs).not.toHaveProperty("skipAwait");
  }
});

test("mutual TLS is STRICT for the whole mesh, and no rule makes it less", () => {
  expect(local.inputs("kubernetes:security.istio.io/v1:PeerAuthentication", "istio-strict")).toMatchObject({
    metadata: { name: "default", namespace: "istio-system" },
    spec: { mtls: { mode: "STRICT" } },
  });
  expect(local.all("kubernetes:security.istio.io/v1:PeerAuthentication")).toHaveLength(1);
  expect(JSON.stringify(local.resources)).not.toMatch(/PERMISSIVE|"DISABLE"|"simple":"SIMPLE"/);
});

test("paths are normalised before a policy sees them, pods need no capability, and drained connections end soon", () => {
  expect(local.inputs(release, "istiod")).toMatchObject({
    values: {
      pilot: { cni: { enabled: true } },
      meshConfig: {
        pathNormalization: { normalization: "DECODE_AND_MERGE_SLASHES" },
        defaultConfig: {
          drainDuration: "1s",
          proxyMetadata: { SECRET_TTL: "24h" },
          proxyStatsMatcher: {
            inclusionSuffixes: [
              "upstream_cx_overflow",
              "upstream_rq_pending_overflow",
              "upstream_rq_retry",
              "upstream_rq_timeout",
              "outlier_detection.ejections_active",
            ],
          },
        },
        accessLogFile: "",
      },
    },
  });
});

test("a certificate's lifetime and the drain are told to proxies, which start anew with others", async () => {
  let istio: Istio | undefined;
  const { inputs } = await record(() => {
    istio = new Istio("istio", { ...args, certificateLifetime: "1h", drain: "5s" });
  });
  expect(at<object>(inputs(release, "istiod"), "values.meshConfig.defaultConfig")).toMatchObject({
    drainDuration: "5s",
    proxyMetadata: { SECRET_TTL: "1h" },
  });
  expect(istio?.podAnnotations).toEqual({ "mesh/proxy": "default-unknown-1h-5s" });
});

test("access logs on request", async () => {
  const { inputs } = await record(() => new Istio("istio", { ...args, accessLogs: true }));
  expect(at<string>(inputs(release, "istiod"), "values.meshConfig.accessLogFile")).toBe("/dev/stdout");
});

test("a node keeps of its processor for each proxy what its target says: on real nodes as much as Istio's charts", async () => {
  const kept = async (stack: "local" | "eks") => {
    const { inputs } = await recordStack(stack);
    const ofSidecars = at<string>(inputs(release, "istiod"), "values.global.proxy.resources.requests.cpu");
    return [ofSidecars, at<string>(inputs(release, "ingress-proxies"), "values.resources.requests.cpu")];
  };
  expect([await kept("local"), await kept("eks")]).toEqual([
    ["10m", "10m"],
    ["100m", "100m"],
  ]);
});

test("a budget only where a pod can be spared", async () => {
  const budget = async (replicas: number) => {
    const { inputs } = await record(() => new Istio("istio", { ...args, replicas }));
    return at<boolean>(inputs(release, "istiod"), "values.global.defaultPodDisruptionBudget.enabled");
  };
  expect([await budget(1), await budget(2)]).toEqual([false, true]);
});

describe("revisions", () => {
  test("without one, namespaces say `istio-injection: enabled` and nothing of a revision is set", () => {
    expect(local.inputs(namespace, "product")).toMatchObject({ metadata: { labels: { "istio-injection": "enabled" } } });
    for (const name of ["istiod", "ingress-proxies"]) {
      expect(at<object>(local.inputs(release, name), "values")).not.toHaveProperty("revision");
    }
    expect(local.inputs(release, "istio-base")).toMatchObject({ values: { defaultRevision: "default" } });
  });

  test("with one, control plane, proxies and namespaces follow it", async () => {
    const { inputs } = await recordStack("local", { "mesh:istio": { revision: "canary" } });
    const values = { revision: "canary" };
    expect(inputs(release, "istiod-canary")).toMatchObject({ name: "istiod-canary", values });
    // One agent on each node serves all revisions.
    expect(at<object>(inputs(release, "istio-cni"), "values")).not.toHaveProperty("revision");
    expect(inputs(release, "ingress-proxies")).toMatchObject({ values });
    expect(inputs(release, "istio-base")).toMatchObject({ values: { defaultRevision: "canary" } });
    expect(at<object>(inputs(namespace, "product"), "metadata.labels")).toMatchObject({ "istio.io/rev": "canary" });
    expect(at<object>(inputs(namespace, "product"), "metadata.labels")).not.toHaveProperty("istio-injection");
  });

  test("with a tag, namespaces follow the tag, so that it can be moved beneath them", async () => {
    const { inputs } = await recordStack("local", { "mesh:istio": { revision: "r1", tags: ["stable", "old"] } });
    expect(inputs(release, "istiod-r1")).toMatchObject({ values: { revision: "r1" } });
    for (const tag of ["stable", "old"]) {
      expect(inputs(webhook, `istio-tag-${tag}`)).toMatchObject({
        metadata: { name: `istio-revision-tag-${tag}`, labels: { "istio.io/tag": tag, "istio.io/rev": "r1" } },
        webhooks: [
          {
            clientConfig: { service: { name: "istiod-r1", namespace: "istio-system", path: "/inject", port: 443 } },
            namespaceSelector: { matchExpressions: [{ key: "istio.io/rev", operator: "In", values: [tag] }, expect.anything()] },
            failurePolicy: "Fail",
          },
          { objectSelector: { matchExpressions: [expect.anything(), { key: "istio.io/rev", operator: "In", values: [tag] }] } },
        ],
      });
    }
    expect(inputs(release, "ingress-proxies")).toMatchObject({ values: { revision: "stable" } });
    expect(inputs(namespace, "product")).toMatchObject({ metadata: { labels: { "istio.io/rev": "stable" } } });
  });

  test("another one beside it, in a version of its own, gets no pods", async () => {
    const pinned = { image: "registry/istio/proxyv2:1.30.4@sha256:1" };
    const values = { pilot: { image: "pinned" }, global: { hub: "registry/istio", tag: "1.30.4", proxy: pinned } };
    const istiod = { chart: "istiod", version: "1.30.4", values };
    const additionalRevisions = [{ revision: "next", version: "1.31.0" }, { revision: "default" }];
    const { inputs, all } = await record(
      () =>
        new Istio("istio", {
          ...args,
          charts: { ...args.charts, istiod },
          revision: "now",
          tags: ["stable"],
          additionalRevisions,
        }),
    );
    // What pins this version by its content is not the other one's.
    const proxy = { image: "proxyv2" };
    const global = { hub: "registry/istio", tag: "1.31.0", proxy, proxy_init: proxy };
    const next = { revision: "next", pilot: { image: "pilot" }, global };
    expect(inputs(release, "istiod-next")).toMatchObject({ name: "istiod-next", version: "1.31.0", values: next });
    expect(inputs(release, "istiod-now")).toMatchObject({
      version: "1.30.4",
      values: { global: { tag: "1.30.4", proxy: pinned } },
    });
    expect(at<object>(inputs(release, "istiod"), "values")).not.toHaveProperty("revision");
    expect(inputs(release, "istio-base")).toMatchObject({ values: { defaultRevision: "now" } });
    expect(all(webhook)).toHaveLength(1);
    expect(inputs(webhook, "istio-tag-stable")).toMatchObject({ metadata: { labels: { "istio.io/rev": "now" } } });
  });

  test("pods get the proxy of the control plane that they move to: they carry a note that moves with it", async () => {
    const noteOf = async (changes: Partial<IstioArgs>) => {
      let istio: Istio | undefined;
      await record(() => {
        istio = new Istio("istio", { ...args, ...changes });
      });
      return istio?.podAnnotations;
    };
    const istiod = (tag: string) => ({ ...args.charts, istiod: { chart: "istiod", values: { global: { tag } } } });
    expect(await noteOf({ charts: istiod("1.0") })).toEqual({ "mesh/proxy": "default-1.0-24h-1s" });
    expect(await noteOf({ charts: istiod("1.1") })).toEqual({ "mesh/proxy": "default-1.1-24h-1s" });
    expect(await noteOf({ charts: istiod("1.1"), revision: "b", tags: ["stable"] })).toEqual({ "mesh/proxy": "b-1.1-24h-1s" });
  });
});
