import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { SelfSigned } from "../../../../../components/certificates/SelfSigned.ts";
import type { Exposure } from "../../../../../components/gateway/exposure.ts";
import { IstioGateway, type IstioGatewayArgs } from "../../../../../components/gateway/istio/IstioGateway.ts";
import { at, type RecordOptions, record } from "../../../../lib/mocks.ts";
import { recordStack } from "../../../../lib/stacks.ts";

const gateway = "kubernetes:networking.istio.io/v1:Gateway";
const virtualService = "kubernetes:networking.istio.io/v1:VirtualService";
const release = "kubernetes:helm.sh/v3:Release";
const service = "kubernetes:core/v1:Service";

const onNode: Exposure = {
  service: { type: "NodePort", nodePorts: { http: 30808, https: 30843 } },
  host: "localhost",
  ports: { http: 8080, https: 8443 },
};
const balanced: Exposure = {
  service: { type: "LoadBalancer", annotations: { scheme: "internal" }, loadBalancerClass: "service.k8s.aws/nlb" },
  host: "load-balancer",
  ports: { http: 80, https: 443 },
};
const both = { hosts: ["shop.example.com", "example.org"], plaintext: true };

type Changes = Partial<Omit<IstioGatewayArgs, "chart" | "certificates">>;

/** What a gateway registers, and the gateway. */
async function recordGateway(changes: Changes = {}, options: RecordOptions = {}) {
  const args = {
    chart: { chart: "gateway", values: {} },
    exposure: onNode,
    injection: { "istio-injection": "enabled" },
    replicas: 1,
    proxyCpu: "100m",
  };
  const made: IstioGateway[] = [];
  const recording = await record(() => {
    const { tls = both } = changes;
    const certificates = new SelfSigned("own", { hosts: tls.hosts });
    made.push(new IstioGateway("door", { ...args, tls, certificates, ...changes }));
  }, options);
  const [door] = made;
  if (!door) throw new Error("no gateway");
  return { ...recording, door, values: at<object>(recording.inputs(release, "door-proxies"), "values") };
}

function told<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

describe("the proxies", () => {
  test("are reached on kind at the node ports behind the cluster's host ports", async () => {
    const { inputs } = await recordStack("local");
    expect(at<object>(inputs(release, "ingress-proxies"), "values.service")).toEqual({
      type: "NodePort",
      ports: [
        { name: "status-port", port: 15021, targetPort: 15021, protocol: "TCP" },
        { name: "http", port: 80, targetPort: 8080, protocol: "TCP", nodePort: 30808 },
        { name: "https", port: 443, targetPort: 8443, protocol: "TCP", nodePort: 30843 },
      ],
    });
    const ports = [
      { hostPort: 8080, nodePort: 30808 },
      { hostPort: 8443, nodePort: 30843 },
    ];
    expect(inputs("mesh:kind:Nodes", "mesh-demo-nodes")).toMatchObject({
      spec: { ports: expect.arrayContaining(ports) },
    });
  });

  test("are reached through a load balancer where the exposure says so, and through no node port then", async () => {
    const { values } = await recordGateway({ exposure: balanced });
    expect(values).toMatchObject({
      service: { type: "LoadBalancer", annotations: { scheme: "internal" }, loadBalancerClass: "service.k8s.aws/nlb" },
    });
    expect(JSON.stringify(values)).not.toContain("nodePort");
  });

  test("run without any privilege, in a namespace that allows none", async () => {
    const { values, inputs } = await recordGateway();
    expect(values).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } });
    expect(at<object>(inputs("kubernetes:core/v1:Namespace", "door"), "metadata.labels")).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
  });

  test.each([
    ["NodePort", onNode, 5],
    ["LoadBalancer", balanced, 60],
  ] as const)("leave a %s only when nobody sends them requests any more", async (_type, exposure, withdrawal) => {
    const { values } = await recordGateway({ exposure });
    expect(values).toMatchObject({
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      lifecycle: { preStop: { sleep: { seconds: withdrawal } } },
      podAnnotations: { "proxy.istio.io/config": expect.stringContaining('{"terminationDrainDuration":"15s",') },
      terminationGracePeriodSeconds: withdrawal + 25,
    });
  });

  test("are spread over the nodes, and have a budget where one can be spared", async () => {
    const [one, two] = [await recordGateway(), await recordGateway({ replicas: 2 })];
    expect(one.values).not.toHaveProperty("podDisruptionBudget");
    expect(two.values).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { maxUnavailable: 1 },
      topologySpreadConstraints: [{ topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: two.door.selector } }],
    });
  });

  test("roll with the annotations of pods in the mesh", async () => {
    const { values } = await recordGateway({ podAnnotations: { "mesh/proxy": "1.30.4" } });
    expect(values).toMatchObject({ podAnnotations: { "mesh/proxy": "1.30.4", "proxy.istio.io/config": expect.any(String) } });
  });
});

describe("what clients may hold", () => {
  const filter = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter";
  const bounds = {
    ...{ memory: "1Gi", maxConnections: 3_000, maxStreams: 7, maxHeaderKilobytes: 9, maxHeaders: 11 },
    ...{ headersTimeout: "1s", requestTimeout: "2m", streamIdleTimeout: "1.5s", idleTimeout: "250ms" },
  };
  const patches = async (changes: Changes = {}) => {
    const { inputs } = await recordGateway(changes);
    return at<{ applyTo: string; match: { context: string }; patch: { operation: string; value: object } }[]>(
      inputs(filter, "door-bounds"),
      "spec.configPatches",
    );
  };

  test("leaves idle connections alone for longer than load balancers do, which would lose what they send meanwhile", async () => {
    const value = (await patches()).find(({ applyTo }) => applyTo === "NETWORK_FILTER")?.patch.value;
    const idle = at<string>(value, "typed_config.common_http_protocol_options.idle_timeout");
    expect(Number(idle.replace("s", ""))).toBeGreaterThan(600);
  });

  test("is told to every listener of the gateway, each option where Envoy has it", async () => {
    const all = await patches({ bounds });
    expect(new Set(all.map(({ match, patch }) => `${match.context} ${patch.operation}`))).toEqual(new Set(["GATEWAY MERGE"]));
    expect(all.find(({ applyTo }) => applyTo === "NETWORK_FILTER")?.patch.value).toMatchObject({
      typed_config: {
        request_headers_timeout: "1s",
        request_timeout: "120s",
        stream_idle_timeout: "1.5s",
        max_request_headers_kb: 9,
        common_http_protocol_options: { idle_timeout: "0.25s", max_headers_count: 11 },
        http2_protocol_options: { max_concurrent_streams: 7 },
      },
    });
  });

  test("of a body is little, but what is kept to send it again", async () => {
    const kept = async (changes: Changes) =>
      Object.fromEntries((await patches(changes)).map(({ applyTo, patch }) => [applyTo, patch.value]));
    expect(await kept({})).toMatchObject({
      LISTENER: { per_connection_buffer_limit_bytes: 32_768 },
      CLUSTER: { per_connection_buffer_limit_bytes: 32_768 },
      // All that fits: 384 MiB for 1500 connections, each of which takes 160 KiB besides.
      VIRTUAL_HOST: { request_body_buffer_limit: 104_595 },
    });
    expect(await kept({ retriedBytes: 5 })).toMatchObject({ VIRTUAL_HOST: { request_body_buffer_limit: 5 } });
  });

  test("in all is less than the pod's memory, and a change of it rolls the pods", async () => {
    const { values, inputs, waits } = await recordGateway({ bounds });
    expect(values).toMatchObject({
      resources: { limits: { memory: "1Gi" } },
      podAnnotations: {
        "mesh/bounds": "1Gi-3000",
        "sidecar.istio.io/bootstrapOverride": "gateway-overload",
        "proxy.istio.io/config": expect.stringContaining('"ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS":"3000"'),
      },
    });
    const configMap = "kubernetes:core/v1:ConfigMap";
    const overload = inputs(configMap, "door-overload");
    expect(overload).toMatchObject({ metadata: { name: "gateway-overload" } });
    const bootstrap: object = JSON.parse(at<{ "custom_bootstrap.json": string }>(overload, "data")["custom_bootstrap.json"]);
    const heap = at<number>(bootstrap, "overload_manager.resource_monitors.0.typed_config.max_heap_size_bytes");
    expect(heap).toBe((1_024 - 128) * 1_048_576);
    expect(waits([release, "door-proxies"], [configMap, "door-overload"])).toBe(true);
  });

  test("holds before a port is open", async () => {
    const { waits } = await recordGateway();
    expect(waits([gateway, "door-listener"], [filter, "door-bounds"])).toBe(true);
  });
});

describe("the listener", () => {
  const http = (...hosts: string[]) => ({ port: { number: 80, name: "http", protocol: "HTTP" }, hosts });
  const https = {
    port: { number: 443, name: "https", protocol: "HTTPS" },
    hosts: both.hosts,
    tls: { mode: "SIMPLE", credentialName: "tls-secret", minProtocolVersion: "TLSV1_2" },
  };
  const selector = { istio: "ingressgateway" };

  test("with TLS and plaintext is for both; HTTP to a TLS host goes to the port that clients use", async () => {
    const { inputs } = await recordGateway({ tls: both });
    expect(inputs(gateway, "door-listener")).toMatchObject({
      metadata: { name: "public", namespace: "istio-ingress" },
      spec: { selector, servers: [http("*"), https] },
    });
    expect(inputs(gateway, "door-redirect")).toMatchObject({
      metadata: { name: "redirect", namespace: "istio-ingress" },
      spec: { selector, servers: [http(...both.hosts)] },
    });
    expect(at<object>(inputs(virtualService, "door-to-https"), "spec")).toEqual({
      hosts: ["shop.example.com"],
      gateways: ["istio-ingress/redirect"],
      http: to("shop.example.com:8443"),
    });
    expect(at<object>(inputs(virtualService, "door-to-https-example.org"), "spec")).toMatchObject({
      hosts: ["example.org"],
      http: to("example.org:8443"),
    });
  });

  /** A client may make a GET of whatever is redirected with 301. */
  const to = (authority: string) => [
    {
      name: "to-https",
      match: [{ method: { regex: "GET|HEAD" } }],
      redirect: { scheme: "https", authority, redirectCode: 301 },
    },
    { name: "to-https-as-it-is", redirect: { scheme: "https", authority, redirectCode: 308 } },
  ];

  test("with TLS alone is for HTTPS; HTTP to whatever other host is redirected to the first, where the port need not be said", async () => {
    const { inputs } = await recordGateway({
      tls: { ...both, plaintext: false },
      exposure: { ...onNode, ports: balanced.ports },
    });
    expect(at<object>(inputs(gateway, "door-listener"), "spec.servers")).toEqual([https]);
    expect(at<object>(inputs(gateway, "door-redirect"), "spec.servers")).toEqual([http(...both.hosts, "*")]);
    expect(at<object>(inputs(virtualService, "door-to-https-example.org"), "spec.http")).toEqual(to("example.org"));
    expect(at<object>(inputs(virtualService, "door-to-https-others"), "spec")).toMatchObject({
      hosts: ["*"],
      http: to("shop.example.com"),
    });
  });

  test("redirects hosts below a name to themselves, at the port that clients use", async () => {
    const tls = { hosts: ["shop.example.com", "*.example.com", "*.example.org"], plaintext: true };
    const { inputs } = await recordGateway({ tls });
    const server = { ...https, hosts: tls.hosts };
    expect(at<object>(inputs(gateway, "door-listener"), "spec.servers")).toEqual([http("*"), server]);
    expect(at<object>(inputs(gateway, "door-redirect"), "spec.servers")).toEqual([http(...tls.hosts)]);
    for (const host of ["example.com", "example.org"]) {
      const rule = inputs(virtualService, `door-to-https-*.${host}`);
      // No object's name has a star.
      expect(at(rule, "metadata.name")).toBe(`redirect.below.${host}`);
      const redirect = { scheme: "https", port: 8443 };
      expect(at<object>(rule, "spec")).toEqual({
        hosts: [`*.${host}`],
        gateways: ["istio-ingress/redirect"],
        http: [
          { name: "to-https", match: [{ method: { regex: "GET|HEAD" } }], redirect: { ...redirect, redirectCode: 301 } },
          { name: "to-https-as-it-is", redirect: { ...redirect, redirectCode: 308 } },
        ],
      });
    }
    expect(at<object>(inputs(virtualService, "door-to-https"), "spec.http")).toEqual(to("shop.example.com:8443"));
  });

  test("behind trusted proxies redirects what did not come to them over HTTPS", async () => {
    const { inputs, door } = await recordGateway({ tls: both, trustedProxies: true });
    const plain = { withoutHeaders: { "x-forwarded-proto": { exact: "https" } } };
    const rules = at<{ match: object[] }[]>(inputs(virtualService, "door-to-https"), "spec.http");
    expect(rules.map(({ match }) => match)).toEqual([[{ method: { regex: "GET|HEAD" }, ...plain }], [plain]]);
    expect(door.behindProxies).toBe("istio-ingress/redirect");
    expect((await recordGateway({ tls: both })).door.behindProxies).toBeUndefined();
  });

  test("waits for the proxies and for the certificate, which lies in the proxies' namespace", async () => {
    const secret = ["kubernetes:core/v1:Secret", "door-certificate"] as const;
    const { waits, inputs } = await recordGateway({ tls: both }, { slow: secret[0] });
    expect(inputs(...secret)).toMatchObject({ metadata: { name: "tls-secret", namespace: "istio-ingress" } });
    expect(waits(secret, ["kubernetes:core/v1:Namespace", "door"])).toBe(true);
    expect(waits([gateway, "door-listener"], secret)).toBe(true);
    expect((await recordGateway()).waits([gateway, "door-listener"], [release, "door-proxies"])).toBe(true);
  });
});

describe("where it is found", () => {
  const balancer = (ingress: object[]) => ({ outputs: { [service]: { status: { loadBalancer: { ingress } } } } });

  test("on a host that is known: there, under the ports that clients use", async () => {
    const { door, all } = await recordGateway({ tls: both });
    expect(await told(door.reached.address)).toBe("localhost");
    expect(await told(door.reached.url)).toBe("http://localhost:8080");
    expect(door.reached.httpsUrl).toBe("https://shop.example.com:8443");
    expect(all(service)).toEqual([]);
  });

  test("without plaintext: under the first TLS host alone", async () => {
    const { door } = await recordGateway({ exposure: { ...onNode, ports: balanced.ports }, tls: { ...both, plaintext: false } });
    expect(await told(door.reached.url)).toBe("https://shop.example.com");
  });

  test.each([
    ["name", { hostname: "abc.elb.amazonaws.com" }, "abc.elb.amazonaws.com"],
    ["address", { ip: "192.0.2.1" }, "192.0.2.1"],
  ])("behind a load balancer: the %s that it was given, once the release is there", async (_what, ingress, expected) => {
    const { door, waits } = await recordGateway({ exposure: balanced }, balancer([ingress]));
    expect(await told(door.reached.url)).toBe(`http://${expected}`);
    expect(waits([service, "door-address"], [release, "door-proxies"])).toBe(true);
  });
});
