import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Kong, type KongArgs } from "../../../../../components/gateway/kong/Kong.ts";
import { KongRoutes } from "../../../../../components/gateway/kong/KongRoutes.ts";
import { pluginsOf } from "../../../../../components/gateway/kong/plugins.ts";
import { requestFunctions } from "../../../../../components/gateway/kong/requestFunctions.ts";
import { at, record } from "../../../../lib/mocks.ts";
import { oneHost, route, tokens, types } from "../../../support/kong.ts";

const digest = `sha256:${"0".repeat(64)}`;

const args: KongArgs = {
  chart: { chart: "kong", repository: "https://charts.example", version: "3.4.1", values: {} },
  images: {
    kong: { registry: "docker.io", repository: "library/kong", tag: "3.9.3", digest },
    kongController: { registry: "docker.io", repository: "kong/kubernetes-ingress-controller", tag: "3.5.13", digest },
  },
  exposure: {
    service: { type: "NodePort", nodePorts: { http: 30080, https: 30443 } },
    host: "localhost",
    ports: { http: 80, https: 443 },
  },
  injection: { "istio-injection": "enabled" },
  replicas: 1,
  routes: [route(), route({ name: "hidden", gateways: ["istio"] })],
  tls: { hosts: ["shop.example.com"], plaintext: true },
};

const recordKong = (changes: Partial<KongArgs> = {}) => record(() => new Kong("kong", { ...args, ...changes }));
const valuesOf = async (changes: Partial<KongArgs> = {}) => {
  const { inputs } = await recordKong(changes);
  return at<Record<string, unknown>>(inputs(types.release, "kong-proxies"), "values");
};

describe("Kong", () => {
  test("is the release kong in a namespace that is in the mesh and allows no pod any privilege", async () => {
    const { inputs, waits } = await recordKong();
    expect(inputs("kubernetes:core/v1:Namespace", "kong")).toMatchObject({
      metadata: {
        name: "kong",
        labels: { "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": "restricted" },
      },
    });
    // Policies name its account, which the chart derives from the release's name.
    expect(inputs(types.release, "kong-proxies")).toMatchObject({
      name: "kong",
      namespace: "kong",
      chart: "kong",
      version: "3.4.1",
      repositoryOpts: { repo: "https://charts.example" },
      createNamespace: false,
    });
    expect(waits([types.release, "kong-proxies"], ["kubernetes:core/v1:Namespace", "kong"])).toBe(true);
  });

  test("brings its kinds as a part of the release, so that they are upgraded with it and go with it", async () => {
    const { inputs } = await recordKong();
    expect(inputs(types.release, "kong-proxies")).toMatchObject({
      skipCrds: true,
      values: { ingressController: { installCRDs: true } },
    });
  });

  test("has minutes to start: its controller is started again until the admin API answers", async () => {
    const { inputs } = await recordKong();
    expect(at<number>(inputs(types.release, "kong-proxies"), "timeout")).toBeGreaterThanOrEqual(180);
  });

  test("receives requests itself, so that only what it sends passes the proxy beside it", async () => {
    expect(await valuesOf({ podAnnotations: { "mesh/revision": "1-30" } })).toMatchObject({
      podAnnotations: { "traffic.sidecar.istio.io/includeInboundPorts": "", "mesh/revision": "1-30" },
    });
  });

  test("takes gRPC without TLS where it offers some, and where it does not its listener is as the chart has it", async () => {
    const http = async (routes: KongArgs["routes"]) => at<object>(await valuesOf({ routes }), "proxy.http");
    const grpc = route({ name: "catalog", protocol: "grpc" });
    expect(await http([route(), grpc])).toEqual({ enabled: true, nodePort: 30080, parameters: ["http2"] });
    const without = { enabled: true, nodePort: 30080 };
    expect(await http([route(), route({ name: "catalog", protocol: "http2" })])).toEqual(without);
    // Another gateway's is none of Kong's business.
    expect(await http([route(), { ...grpc, gateways: ["istio"] }])).toEqual(without);
    expect(at<object>(await valuesOf({ routes: [grpc] }), "proxy.tls")).toEqual({ enabled: true, nodePort: 30443 });
  });

  test("keeps no database, shows its admin API to its own pod alone, and has no manager or portal", async () => {
    expect(await valuesOf()).toMatchObject({
      env: { database: "off", admin_gui_listen: "off", anonymous_reports: "off" },
      admin: { enabled: false, http: { enabled: false }, tls: { enabled: true } },
      manager: { enabled: false },
      portal: { enabled: false },
      portalapi: { enabled: false },
      ingressController: { ingressClass: "kong", env: { anonymous_reports: "false" } },
    });
    // An address would be another one than the loopback, which the chart takes when it is given none.
    expect(JSON.stringify(await valuesOf())).not.toContain("addresses");
  });

  test("writes no query into its access log, where a key may be", async () => {
    const { nginx_http_log_format: format = "", proxy_access_log: log } = at<Record<string, string>>(await valuesOf(), "env");
    expect(log).toBe(`/dev/stdout ${format.split(" ")[0]}`);
    expect(format).toMatch(/^\w+ '[^']+'$/);
    for (const variable of ["$request ", '$request"', "$request_uri", "$args", "$http_referer"])
      expect(format).not.toContain(variable);
  });

  test("takes as large a head of a request as Envoy, 60 KiB", async () => {
    expect(at(await valuesOf(), "env.nginx_proxy_large_client_header_buffers")).toBe("1 60k");
  });

  test("lets the functions of its plugins load what they need and nothing else", async () => {
    const required = at<string>(await valuesOf(), "env.untrusted_lua_sandbox_requires").split(",");
    const { config } = requestFunctions({ tls: { hosts: ["a.example"], plaintext: true }, httpsPort: 443, routes: [] });
    const functions = JSON.stringify([config, pluginsOf(route({ policies: tokens() }), oneHost)]);
    const loaded = [...functions.matchAll(/require\(\\"([^"]+)\\"\)/g)].map(([, module]) => module);
    expect(loaded.sort()).toEqual(required.sort());
  });

  test.each([
    ["NodePort", 20, 45],
    ["LoadBalancer", 75, 100],
  ] as const)("behind a %s leaves when nobody comes any more and every kept connection has ended", async (type, wait, grace) => {
    const values = await valuesOf({ exposure: { ...args.exposure, service: { type } } });
    expect(at(values, "lifecycle.preStop.exec.command")).toEqual(["kong", "quit", `--wait=${wait}`, "--timeout=15"]);
    expect(values.terminationGracePeriodSeconds).toBe(grace);
    // A connection that was opened last, when the first five seconds or the minute were over, has ended before Kong has.
    const keepalive = Number.parseInt(at<string>(values, "env.nginx_proxy_keepalive_time"), 10);
    expect(keepalive).toBeLessThan(wait - (type === "NodePort" ? 5 : 60));
  });

  test("serves on without its controller: the readiness of both containers is Kong's own", async () => {
    expect(at(await valuesOf(), "ingressController.readinessProbe")).toMatchObject({
      httpGet: { path: "/status/ready", port: 8100 },
      initialDelaySeconds: 0,
    });
  });

  test("is named by digest, and its version told apart, as the chart cannot read it from there", async () => {
    const values = await valuesOf();
    expect(values).toMatchObject({
      image: { unifiedRepoTag: `docker.io/library/kong:3.9.3@${digest}`, effectiveSemver: "3.9.3" },
      ingressController: {
        image: {
          unifiedRepoTag: `docker.io/kong/kubernetes-ingress-controller:3.5.13@${digest}`,
          effectiveSemver: "3.5.13",
        },
      },
    });
  });

  test.each([
    ["3.9.1-ours", "3.9.1"],
    ["v3.9", "3.9"],
    ["stable", "3.9.3"],
    [undefined, "3.9.3"],
  ])("comes from a mirror with the tag %s as version %s", async (tag, effectiveSemver) => {
    const kong = { registry: "mirror:5000", repository: "gateways/kong", ...(tag !== undefined && { tag }), digest };
    expect(await valuesOf({ images: { ...args.images, kong } })).toMatchObject({
      image: { unifiedRepoTag: `mirror:5000/gateways/kong${tag === undefined ? "" : `:${tag}`}@${digest}`, effectiveSemver },
    });
  });

  test("is a NodePort at the numbers that a target gives", async () => {
    const { proxy } = await valuesOf();
    expect(proxy).toEqual({
      type: "NodePort",
      annotations: {},
      http: { enabled: true, nodePort: 30080 },
      tls: { enabled: true, nodePort: 30443 },
    });
  });

  test("is a load balancer of the class and with the annotations that a target gives", async () => {
    const service = {
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      annotations: { scheme: pulumi.output("internet-facing") },
    } as const;
    const { proxy } = await valuesOf({ exposure: { ...args.exposure, service } });
    expect(proxy).toEqual({
      type: "LoadBalancer",
      annotations: { scheme: "internet-facing" },
      loadBalancerClass: "service.k8s.aws/nlb",
      http: { enabled: true },
      tls: { enabled: true },
    });
  });

  test.each([
    [1, { enabled: false }],
    [2, { enabled: true, maxUnavailable: 1 }],
  ])("runs %i times, with a budget of %j", async (replicas, podDisruptionBudget) => {
    expect(await valuesOf({ replicas })).toMatchObject({ replicaCount: replicas, podDisruptionBudget });
  });

  test("bounds what each of its containers takes", async () => {
    const bounded = { requests: { cpu: expect.any(String), memory: expect.any(String) }, limits: { memory: expect.any(String) } };
    expect(await valuesOf()).toMatchObject({
      resources: bounded,
      initContainerResources: bounded,
      ingressController: { resources: bounded },
    });
  });
});

describe("where Kong is reached", () => {
  const tls = { hosts: ["shop.example.com"], plaintext: false };
  const loadBalancer = { service: { type: "LoadBalancer" }, host: "load-balancer", ports: { http: 80, https: 443 } } as const;
  const reached = async (changes: Partial<KongArgs>) => {
    const seen: { url?: string; httpsUrl?: string } = {};
    await record(() => {
      const kong = new Kong("kong", { ...args, ...changes });
      kong.reached.url.apply((url) => Object.assign(seen, { url, httpsUrl: kong.reached.httpsUrl }));
    });
    return seen;
  };

  test("is where the target says", async () => {
    expect(await reached({})).toEqual({ url: "http://localhost", httpsUrl: "https://shop.example.com" });
  });

  test("is under its host where HTTP only redirects", async () => {
    expect(await reached({ tls })).toEqual({ url: "https://shop.example.com", httpsUrl: "https://shop.example.com" });
  });

  test("is its own Service's load balancer where there is one", async () => {
    expect(await reached({ exposure: loadBalancer })).toEqual({
      url: "http://the-load-balancer",
      httpsUrl: "https://shop.example.com",
    });
    const { inputs } = await recordKong({ exposure: loadBalancer });
    expect(inputs("kubernetes:core/v1:Service", "kong-address")).toBeDefined();
  });
});

describe("what the proxies beside Kong know", () => {
  const scope = ["kubernetes:networking.istio.io/v1:Sidecar", "kong-scope"] as const;
  const hostsOf = async (changes: Partial<KongArgs>) => {
    const { inputs } = await recordKong(changes);
    return at<string[]>(inputs(...scope), "spec.egress.0.hosts");
  };

  const apiServer = "default/kubernetes.default.svc.cluster.local";

  test("is what Kong offers, the API server, and nothing else, from the first pod on", async () => {
    const { inputs, waits } = await recordKong();
    expect(inputs(...scope)).toMatchObject({
      metadata: { namespace: "kong" },
      spec: {
        // Also by the Service that the exposure would have for itself: Kong may still, or soon, be told of it.
        egress: [{ hosts: ["team/product.team.svc.cluster.local", "team/product-api.team.svc.cluster.local", apiServer] }],
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      },
    });
    expect(inputs(...scope).spec).not.toHaveProperty("workloadSelector");
    expect(waits([types.release, "kong-proxies"], scope)).toBe(true);
  });

  test("is also the Services of exposures that have their own, each once, and those that Kong offers alone", async () => {
    const entrance = (name: string) => ({ name, namespace: "team" });
    const routes = [
      route({ exposure: "slow", entrance: entrance("product-slow") }),
      route({ exposure: "live", entrance: entrance("product-live") }),
      route({ name: "hidden", entrance: entrance("hidden-api"), gateways: ["istio"] }),
    ];
    const known = ["product", "product-slow", "product-live"].map((name) => `team/${name}.team.svc.cluster.local`);
    expect((await hostsOf({ routes })).toSorted()).toEqual([...known, apiServer].toSorted());
  });

  test("is the API server alone while nothing is offered", async () => {
    expect(await hostsOf({ routes: [] })).toEqual([apiServer]);
  });

  const entryOf = async (url: string) => {
    const recording = await recordKong({ log: { stdout: false, url } });
    return recording.all("kubernetes:networking.istio.io/v1:ServiceEntry").map(({ inputs }) => inputs);
  };

  test.each([
    ["http://collector.logs.svc.cluster.local:8080/kong", "logs/collector.logs.svc.cluster.local"],
    ["http://collector.logs.svc/kong", "logs/collector.logs.svc.cluster.local"],
  ])("includes a log at %s, which is in the mesh", async (url, host) => {
    expect(await hostsOf({ routes: [], log: { stdout: false, url } })).toEqual([apiServer, host]);
    expect(await entryOf(url)).toEqual([]);
  });

  test.each([
    [
      "https://logs.example.com/kong",
      "logs.example.com",
      { number: 443, name: "tls-log", protocol: "TLS" },
      { resolution: "DNS" },
    ],
    [
      "http://logs.example.com:8080",
      "logs.example.com",
      { number: 8080, name: "http-log", protocol: "HTTP" },
      { resolution: "DNS" },
    ],
    [
      "http://192.0.2.7/kong",
      "log.kong.internal",
      { number: 80, name: "http-log", protocol: "HTTP" },
      { resolution: "STATIC", addresses: ["192.0.2.7"], endpoints: [{ address: "192.0.2.7" }] },
    ],
    [
      "https://[2001:db8::7]:8443/",
      "log.kong.internal",
      { number: 8443, name: "tls-log", protocol: "TLS" },
      { resolution: "STATIC", addresses: ["2001:db8::7"], endpoints: [{ address: "2001:db8::7" }] },
    ],
  ])("includes a log at %s, which is outside, and is known in its namespace alone", async (url, host, port, rest) => {
    expect(await hostsOf({ routes: [], log: { stdout: false, url } })).toEqual([apiServer, `./${host}`]);
    expect(await entryOf(url)).toMatchObject([
      {
        metadata: { name: "log", namespace: "kong" },
        spec: { hosts: [host], exportTo: ["."], location: "MESH_EXTERNAL", ports: [port], ...rest },
      },
    ]);
  });
});

describe("a global plugin", () => {
  test.each<[string, Partial<KongArgs>, object]>([
    [
      "correlation-id",
      { correlationId: { header: "x-correlation-id" } },
      { header_name: "x-correlation-id", generator: "uuid", echo_downstream: true },
    ],
    ["file-log", { log: { stdout: true } }, { path: "/dev/stdout", reopen: false }],
    [
      "http-log",
      { log: { stdout: false, url: "https://logs.example.com/kong" } },
      { http_endpoint: "https://logs.example.com/kong", method: "POST" },
    ],
    [
      "prometheus",
      { prometheus: true },
      {
        status_code_metrics: true,
        latency_metrics: true,
        bandwidth_metrics: true,
        upstream_health_metrics: false,
        per_consumer: false,
      },
    ],
  ])("%s is there when it is asked for, and none else but what is done with every request", async (plugin, changes, config) => {
    const { all, waits } = await recordKong(changes);
    expect(all(types.globalPlugin).filter(({ name }) => name !== "kong-pre-function")).toEqual([
      {
        type: types.globalPlugin,
        name: `kong-${plugin}`,
        inputs: {
          apiVersion: "configuration.konghq.com/v1",
          kind: "KongClusterPlugin",
          // Without the class Kong's controller leaves it, and without the label it holds for nothing.
          metadata: { name: plugin, labels: { global: "true" }, annotations: { "kubernetes.io/ingress.class": "kong" } },
          plugin,
          config,
        },
      },
    ]);
    expect(waits([types.globalPlugin, `kong-${plugin}`], [types.release, "kong-proxies"])).toBe(true);
  });

  test("is not there when nothing is asked for but what is done with every request, by all that Kong is told", async () => {
    const tls = { hosts: ["shop.example.com"], plaintext: false };
    const exposure = { ...args.exposure, ports: { http: 80, https: 9443 } };
    const routes = [route({ policies: { apiKeys: { consumers: ["partner"], header: "x-key" } } })];
    const told = { tls, exposure, routes, stripHeaders: ["x-acme-tenant"] };
    const { all } = await recordKong({ log: { stdout: false }, prometheus: false, ...told });
    expect(all(types.globalPlugin).map(({ inputs }) => [inputs.plugin, inputs.config])).toEqual([
      ["pre-function", requestFunctions({ tls, httpsPort: 9443, stripHeaders: ["x-acme-tenant"], routes }).config],
    ]);
  });
});

test("the route table follows Kong, whose release brings its kinds, and so goes before it", async () => {
  const policies = { apiKeys: { consumers: ["partner"] } };
  const { all, waits } = await record(() => {
    const kong = new Kong("kong", args);
    const table = { namespace: kong.namespace, routes: [route({ policies })], tls: oneHost };
    new KongRoutes("table", table, { dependsOn: kong });
  });
  for (const type of [types.ingress, types.plugin, types.consumer]) {
    expect(all(type)).not.toEqual([]);
    for (const { name } of all(type)) expect(waits([type, name], [types.release, "kong-proxies"])).toBe(true);
  }
});
