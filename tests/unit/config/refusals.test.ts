import { describe, expect, test } from "vitest";
import { eks, existing, problems, product, shop } from "../support/config.ts";

/*
 * Every rule of a single section: what breaks it is refused with its key, what was given, and what is allowed. The table says
 * what the message must hold; each case is refused for one thing alone.
 */

type Case = readonly [what: string, changes: Record<string, unknown>, sentence: string];

function refused(cases: readonly Case[]): void {
  test.each(cases)("%s", (_what, changes, sentence) => {
    expect(problems(changes)).toEqual([expect.stringContaining(sentence)]);
  });
}

const cluster = (settings: Record<string, unknown>) => ({ "mesh:cluster": settings });

describe("sections", () => {
  refused([
    [
      "an unknown key",
      { "mesh:porduct": "{}" },
      "mesh:porduct is not a setting; allowed: target, sources, gateway, cluster, eks,",
    ],
    ["an unknown key further in", cluster({ nodes: 3 }), "mesh:cluster.nodes is not a setting; allowed: name, workers, ports"],
    ["an unknown target", { "mesh:target": "gke" }, 'mesh:target is "gke"; allowed: one of kind, eks, existing'],
    ["unknown sources", { "mesh:sources": "found" }, 'mesh:sources is "found"; allowed: one of built, published'],
    [
      "a number where a mapping belongs",
      { "mesh:cluster": "3" },
      'mesh:cluster is "3"; allowed: a mapping with name, workers, ports',
    ],
    ["broken JSON", { "mesh:cluster": "{name" }, 'mesh:cluster is "{name"; allowed: a mapping'],
    ["an unknown gateway", { "mesh:gateway": "nginx" }, 'mesh:gateway is "nginx"; allowed: one of kong, istio, both'],
  ]);
});

describe("what clients may hold of Istio's gateway", () => {
  const bounds = (settings: Record<string, unknown>) => ({ "mesh:istioGateway": settings });
  refused([
    ["memory without a unit", bounds({ memory: "512" }), 'mesh:istioGateway.memory is "512"; allowed: a size from 256Mi to 64Gi'],
    ["too little memory", bounds({ memory: "255Mi" }), 'mesh:istioGateway.memory is "255Mi"; allowed: a size from 256Mi'],
    ["too much memory", bounds({ memory: "65Gi" }), 'mesh:istioGateway.memory is "65Gi"; allowed: a size from 256Mi to 64Gi'],
    [
      "more connections than fit",
      bounds({ maxConnections: 1_756 }),
      "mesh:istioGateway.maxConnections is 1756; allowed: at most 1755, which fit into memory 512Mi with maxHeaderKilobytes 60",
    ],
    [
      "as many as by default where less memory is",
      bounds({ memory: "256Mi" }),
      "mesh:istioGateway.maxConnections is 1500; allowed: at most 585, which fit into memory 256Mi",
    ],
    [
      "headers with which the connections do not fit",
      bounds({ maxHeaderKilobytes: 30, maxConnections: 5_000 }),
      "mesh:istioGateway.maxConnections is 5000; allowed: at most 2026, which fit into memory 512Mi with maxHeaderKilobytes 30",
    ],
    [
      "headers that services' own proxies refuse",
      bounds({ maxHeaderKilobytes: 61 }),
      "mesh:istioGateway.maxHeaderKilobytes is 61; allowed: a whole number from 1 to 60",
    ],
    ["no stream", bounds({ maxStreams: 0 }), "mesh:istioGateway.maxStreams is 0; allowed: a whole number from 1 to 10000"],
    [
      "a time without end",
      bounds({ requestTimeout: "0s" }),
      'mesh:istioGateway.requestTimeout is "0s"; allowed: a duration from 1ms',
    ],
  ]);
});

describe("a kind cluster", () => {
  refused([
    ["an upper-case cluster name", cluster({ name: "Mesh" }), 'mesh:cluster.name is "Mesh"; allowed: lower-case letters'],
    ["a cluster name that is too long", cluster({ name: "m".repeat(50) }), "at most 49 long"],
    ["a cluster name of a hyphen too many", cluster({ name: "mesh-" }), 'mesh:cluster.name is "mesh-"'],
    ["no workers", cluster({ workers: 0 }), "mesh:cluster.workers is 0; allowed: a whole number from 1 to 9"],
    ["half a worker", cluster({ workers: 1.5 }), "mesh:cluster.workers is 1.5; allowed: a whole number"],
    [
      "a port out of range",
      cluster({ ports: { istio: 70000 } }),
      "mesh:cluster.ports.istio is 70000; allowed: a whole number from 1 to 65535",
    ],
    ["port 0", cluster({ ports: { http: 0 } }), "mesh:cluster.ports.http is 0"],
    [
      "one port twice",
      cluster({ ports: { https: 80 } }),
      "mesh:cluster.ports.https is 80; allowed: a port that no other key has; http has it",
    ],
    [
      "a port that a default has",
      cluster({ ports: { http: 8080 } }),
      "mesh:cluster.ports.istio is 8080; allowed: a port that no other key has; http",
    ],
    [
      "a redirect that would keep another port",
      cluster({ ports: { https: 444, istioTls: 443 } }),
      "mesh:cluster.ports.istioTls is 443; allowed: 443 only with istio 80",
    ],
  ]);
});

describe("a cluster of Amazon's", () => {
  const on = (settings: Record<string, unknown>) => ({ ...eks, "mesh:eks": { publicAccess: [], ...settings } });
  refused([
    ["no region", { ...eks, "aws:region": undefined }, "aws:region is not given; allowed: an AWS region such as us-west-2"],
    ["a region that is none", { ...eks, "aws:region": "Oregon" }, 'aws:region is "Oregon"; allowed: an AWS region'],
    [
      "nobody said who reaches it",
      { ...eks, "mesh:eks": {} },
      "mesh:eks.publicAccess is not given; allowed: a list of addresses",
    ],
    ["nothing said of it", { ...eks, "mesh:eks": undefined }, "mesh:eks.publicAccess is not given; allowed: a list of addresses"],
    [
      "an address without a size",
      on({ publicAccess: ["192.0.2.1"] }),
      'mesh:eks.publicAccess[0] is "192.0.2.1"; allowed: addresses in CIDR',
    ],
    [
      "addresses of IPv6, which no cluster of IPv4 takes",
      on({ publicAccess: ["2001:db8::/32"] }),
      'mesh:eks.publicAccess[0] is "2001:db8::/32"; allowed: public IPv4 addresses',
    ],
    [
      "private addresses",
      on({ publicAccess: ["10.0.0.0/8"] }),
      'publicAccess[0] is "10.0.0.0/8"; allowed: public IPv4 addresses',
    ],
    [
      "more ranges than EKS takes",
      on({ publicAccess: Array.from({ length: 41 }, (_, index) => `203.0.${index}.0/24`) }),
      "allowed: a list of at most 40 ranges",
    ],
    ["a size too large", on({ publicAccess: ["192.0.2.0/33"] }), 'publicAccess[0] is "192.0.2.0/33"'],
    ["the same addresses twice", on({ publicAccess: ["192.0.2.0/24", "192.0.2.0/24"] }), "mesh:eks.publicAccess[1]"],
    ["a name too long for its roles", on({ name: "m".repeat(39) }), "mesh:eks.name is"],
    ["a patch version", on({ kubernetes: "1.36.1" }), 'mesh:eks.kubernetes is "1.36.1"; allowed: a minor version'],
    ["no nodes", on({ nodes: { count: 0 } }), "mesh:eks.nodes.count is 0; allowed: a whole number from 1 to 100"],
    ["a node that is none", on({ nodes: { type: "large" } }), 'mesh:eks.nodes.type is "large"; allowed: a type of EC2 instance'],
    ["a public network", on({ network: { cidr: "8.8.0.0/16" } }), 'mesh:eks.network.cidr is "8.8.0.0/16"; allowed: private IPv4'],
    ["a network that begins between", on({ network: { cidr: "10.0.8.0/20" } }), 'network.cidr is "10.0.8.0/20"'],
    ["a network too small", on({ network: { cidr: "10.0.0.0/24" } }), 'network.cidr is "10.0.0.0/24"'],
    ["one zone", on({ network: { zones: 1 } }), "mesh:eks.network.zones is 1; allowed: a whole number from 2 to 3"],
    [
      "an administrator without an ARN",
      on({ admins: ["me"] }),
      'mesh:eks.admins[0] is "me"; allowed: the ARN of an IAM role or user',
    ],
  ]);
});

describe("a cluster that runs already", () => {
  const on = (settings: Record<string, unknown>) => ({
    ...existing,
    "mesh:existing": { ...existing["mesh:existing"], ...settings },
  });
  const exposed = (exposure: unknown) => on({ exposure });
  refused([
    [
      "no kubeconfig",
      { ...existing, "mesh:existing": { context: "theirs" } },
      "mesh:existing.kubeconfig is not given; allowed: a kubeconfig, as a secret",
    ],
    ["no context", on({ context: "" }), 'mesh:existing.context is ""; allowed: the name of a context'],
    [
      "a context that is not in it",
      on({ context: "ours" }),
      'mesh:existing.context is "ours"; allowed: the name of a context in the kubeconfig',
    ],
    ["an unknown way in", exposed({ type: "HostPort" }), "mesh:existing.exposure"],
    ["ports of a load balancer", exposed({ type: "LoadBalancer", ports: {} }), "mesh:existing.exposure.ports is not a setting"],
    [
      "a node port out of range",
      exposed({ type: "NodePort", ports: { http: 80 } }),
      "mesh:existing.exposure.ports.http is 80; allowed: a whole number from 30000 to 32767",
    ],
    [
      "one node port twice",
      exposed({ type: "NodePort", ports: { http: 30443 } }),
      "ports.https is 30443; allowed: a port that no other key has; http",
    ],
    [
      "a node that is no host",
      exposed({ type: "NodePort", host: "a b" }),
      'mesh:existing.exposure.host is "a b"; allowed: the name or address',
    ],
    [
      "annotations that are no text",
      exposed({ type: "LoadBalancer", annotations: { a: 1 } }),
      "mesh:existing.exposure.annotations.a is 1; allowed: text",
    ],
    [
      "an annotation without a name",
      exposed({ type: "LoadBalancer", annotations: { "a b": "c" } }),
      "mesh:existing.exposure.annotations.a b is not a key; allowed: the key of an annotation: at most 63 letters",
    ],
    [
      "a class that is no name",
      exposed({ type: "LoadBalancer", loadBalancerClass: "a/b/c" }),
      'loadBalancerClass is "a/b/c"; allowed: the name of a class of load balancers: at most 63 letters',
    ],
    [
      "a storage class that is no name",
      on({ storageClass: "Fast" }),
      'mesh:existing.storageClass is "Fast"; allowed: lower-case',
    ],
    [
      "a kind of cluster that Istio's charts do not know",
      on({ platform: "rke" }),
      'mesh:existing.platform is "rke"; allowed: one of gke, k3d, k3s, microk8s, minikube, openshift',
    ],
    [
      "names of no address",
      on({ dnsAddresses: ["10.96.0.10"] }),
      'mesh:existing.dnsAddresses[0] is "10.96.0.10"; allowed: addresses',
    ],
    [
      "no ranges of the cluster, which would say that it has no addresses",
      on({ clusterRanges: [] }),
      "mesh:existing.clusterRanges is []; allowed: a list of addresses in CIDR notation, at least 1",
    ],
    [
      "a range of the cluster without a size",
      on({ clusterRanges: ["10.42.0.0/16", "10.43.0.0"] }),
      'mesh:existing.clusterRanges[1] is "10.43.0.0"; allowed: addresses in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      "a range of the cluster twice",
      on({ clusterRanges: ["10.42.0.0/16", "10.42.0.0/16"] }),
      'mesh:existing.clusterRanges[1] is "10.42.0.0/16"; allowed: what the list does not have already',
    ],
    [
      "a range of the cluster that is no list",
      on({ clusterRanges: "10.42.0.0/16" }),
      'mesh:existing.clusterRanges is "10.42.0.0/16"; allowed: a list of addresses in CIDR notation',
    ],
    ["an API server at no port", on({ apiServerPort: 0 }), "mesh:existing.apiServerPort is 0; allowed: a whole number from 1"],
    [
      "a network that may hold policies",
      on({ networkPolicies: "maybe" }),
      'networkPolicies is "maybe"; allowed: one of enforced, stored',
    ],
  ]);
});

describe("the mesh", () => {
  const istio = (settings: Record<string, unknown>) => ({ "mesh:istio": settings });
  refused([
    ["a wrong revision", { "mesh:istio": { revision: "1.30" } }, 'mesh:istio.revision is "1.30"; allowed: lower-case letters'],
    [
      "tags that stand for nothing",
      { "mesh:istio": { tags: ["stable"] } },
      'mesh:istio.tags is ["stable"]; allowed: no tags without mesh:istio.revision',
    ],
    [
      "access logs that are neither on nor off",
      { "mesh:istio": { accessLogs: "yes" } },
      'mesh:istio.accessLogs is "yes"; allowed: true or false',
    ],
    [
      "certificates that last longer than istiod signs",
      istio({ certificateLifetime: "2161h" }),
      'mesh:istio.certificateLifetime is "2161h"; allowed: a duration from 1m to 2160h, in whole m or h',
    ],
    ["certificates that end at once", istio({ certificateLifetime: "30s" }), 'mesh:istio.certificateLifetime is "30s"'],
    ["no drain at all", istio({ drain: "0s" }), 'mesh:istio.drain is "0s"; allowed: a duration from 1s to 600s, in whole s'],
    ["a drain of less than seconds", istio({ drain: "1500ms" }), 'mesh:istio.drain is "1500ms"'],
    ["a drain that never ends", istio({ drain: "601s" }), 'mesh:istio.drain is "601s"'],
    [
      "a tag twice",
      istio({ revision: "a", tags: ["stable", "stable"] }),
      'mesh:istio.tags[1] is "stable"; allowed: what the list does not have',
    ],
    [
      "another control plane without a name",
      istio({ additionalRevisions: [{}] }),
      "mesh:istio.additionalRevisions[0].revision is not given",
    ],
    [
      "the active one beside itself",
      istio({ revision: "a", additionalRevisions: [{ revision: "a" }] }),
      'mesh:istio.additionalRevisions[0].revision is "a"; allowed: a name that nothing else has; the active one',
    ],
    [
      "the unnamed one beside itself",
      istio({ additionalRevisions: [{ revision: "default" }] }),
      "mesh:istio.additionalRevisions[0].revision",
    ],
    [
      "two others of one name",
      istio({ additionalRevisions: [{ revision: "a" }, { revision: "a" }] }),
      "mesh:istio.additionalRevisions[1].revision",
    ],
    [
      "metrics for nobody",
      { "mesh:monitoring": { scrapers: [{ podLabels: { app: "prometheus" } }] } },
      "mesh:monitoring.scrapers[0].namespace is not given; allowed: lower-case",
    ],
    [
      "metrics for pods with no label",
      { "mesh:monitoring": { scrapers: [{ namespace: "monitoring", podLabels: { app: "a b" } }] } },
      'scrapers[0].podLabels.app is "a b"; allowed: the value of a label',
    ],
    [
      "another of a tag's name",
      istio({ revision: "a", tags: ["b"], additionalRevisions: [{ revision: "b" }] }),
      'additionalRevisions[0].revision is "b"; allowed: a name that nothing else has; a tag',
    ],
    [
      "a version that is none",
      { ...istio({ additionalRevisions: [{ revision: "a", version: "1.30" }] }), "mesh:sources": "published" },
      'additionalRevisions[0].version is "1.30"; allowed: a version of Istio',
    ],
  ]);
});

describe("a service", () => {
  refused([
    ["no copies", product({ replicas: 0 }), "mesh:apps.product.product.replicas is 0; allowed: a whole number from 1 to 50"],
    ["copies in words", product({ replicas: "many" }), 'mesh:apps.product.product.replicas is "many"; allowed: a whole number'],
    [
      "no versions",
      product({ versions: { v1: null, v2: null } }),
      "mesh:apps.product.product.versions is {}; allowed: at least one version",
    ],
    [
      "versions as a list",
      product({ versions: [{ name: "v1" }] }),
      'mesh:apps.product.product.versions is [{"name":"v1"}]; allowed: a mapping of names to versions',
    ],
    [
      "a version whose name is none",
      product({ versions: { V2: { weight: 0 } } }),
      "mesh:apps.product.product.versions.V2 is not a key; allowed: lower-case",
    ],
    [
      "a version with a name too long",
      product({ versions: { [`v${"2".repeat(20)}`]: { weight: 0 } } }),
      "is not a key; allowed: lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most 20 long",
    ],
    [
      "an option that a version does not have",
      product({ versions: { v1: { name: "v1" } } }),
      "mesh:apps.product.product.versions.v1.name is not a key; allowed: image, command, args, env, resources, weight, replicas",
    ],
    [
      "weights that do not sum",
      product({ versions: { v1: { weight: 80 }, v2: { weight: 10 } } }),
      'mesh:apps.product.product.versions is {"v1":{"weight":80},"v2":{"weight":10,"replicas":1,"image":{"source":"apps/product/product-v2/server.ts"}}}; allowed: weights that sum to 100, not 90',
    ],
    [
      "weights beyond 100 beside an open one",
      product({ versions: { v2: { weight: 60 }, v3: { weight: 50, env: { NEW: "1" } } } }),
      "weights that sum to 100, not 110",
    ],
    ["two open weights", product({ versions: { v2: { weight: null } } }), "at most one version without a weight"],
    [
      "a version that runs what another one runs",
      product({ versions: { v3: { weight: 0 } } }),
      'mesh:apps.product.product.versions.v3 is {"weight":0}; allowed: a version that differs from v1 in its image, command, args, env or resources',
    ],
    [
      "a weight below nothing",
      product({ versions: { v1: { weight: -1 } } }),
      "mesh:apps.product.product.versions.v1.weight is -1; allowed: a whole number from 0",
    ],
    [
      "a canary that does not exist",
      product({ canary: { version: "v9" } }),
      'mesh:apps.product.product.canary.version is "v9"; allowed: one of the versions v1',
    ],
    [
      "a header that is none",
      product({ canary: { header: "X Canary" } }),
      'mesh:apps.product.product.canary.header is "X Canary"; allowed: the name of a header',
    ],
    [
      "a duration without a unit",
      product({ resilience: { timeout: "5" } }),
      'mesh:apps.product.product.resilience.timeout is "5"; allowed: none, or a duration from 1ms to 1440m',
    ],
    [
      "no time at all",
      product({ resilience: { ejection: { time: "0s" } } }),
      'resilience.ejection.time is "0s"; allowed: a duration from 1ms to 1440m',
    ],
    [
      "a part of a millisecond",
      product({ resilience: { timeout: "10.5ms", retries: { attempts: 0, perTryTimeout: "1ms" } } }),
      'mesh:apps.product.product.resilience.timeout is "10.5ms"; allowed: none, or a duration from 1ms to 1440m in whole milliseconds',
    ],
    [
      "a day and more",
      product({ resilience: { pool: { connectTimeout: "1441m" } } }),
      'mesh:apps.product.product.resilience.pool.connectTimeout is "1441m"; allowed: a duration from 1ms to 1440m',
    ],
    [
      "tries after what nobody knows",
      product({ resilience: { retries: { on: "5xx,499" } } }),
      'mesh:apps.product.product.resilience.retries.on is "5xx,499"; allowed: conditions separated by commas, without spaces ("499" is none): 5xx,',
    ],
    [
      "tries that take longer than anybody can count",
      product({ resilience: { retries: { attempts: 10, perTryTimeout: "200s" } } }),
      'mesh:apps.product.product.resilience.timeout is "5s"; allowed: at least 2200s, which 11 tries of 200s take',
    ],
    [
      "a canary by the host",
      product({ canary: { header: "host" } }),
      'mesh:apps.product.product.canary.header is "host"; allowed: a header of its own, none of host,',
    ],
    [
      "tries that do not fit into the timeout",
      product({ resilience: { timeout: "5s", retries: { attempts: 3, perTryTimeout: "2s" } } }),
      'mesh:apps.product.product.resilience.timeout is "5s"; allowed: at least 8s, which 4 tries of 2s take',
    ],
    [
      "tries that do not fit into the timeout by default",
      product({ resilience: { retries: { attempts: 9 } } }),
      'mesh:apps.product.product.resilience.timeout is "5s"; allowed: at least 12s, which 10 tries of 1200ms take',
    ],
    [
      "bodies kept for retries that do not fit into a proxy",
      product({ resilience: { retries: { maxBodyBytes: 1_342_178 } } }),
      "mesh:apps.product.product.resilience.retries.maxBodyBytes is 1342178; allowed: at most 1342177, of which pool.maxConnections (100) fit",
    ],
    [
      "an ejection that never ejects",
      product({ resilience: { ejection: { maxPercent: 10 } } }),
      "mesh:apps.product.product.resilience.ejection.maxPercent is 10; allowed: at least 34, or none of 3 pods is ever ejected",
    ],
    [
      "unknown balancing",
      product({ resilience: { balancing: "LUCK" } }),
      'balancing is "LUCK"; allowed: one of ROUND_ROBIN, LEAST_REQUEST, RANDOM',
    ],
    [
      "an unbounded pool",
      product({ resilience: { pool: { maxConnections: 0 } } }),
      "pool.maxConnections is 0; allowed: a whole number from 1",
    ],
    [
      "a gateway that is none",
      product({ exposed: { products: { gateways: ["nginx"] } } }),
      'mesh:apps.product.product.exposed.products.gateways[0] is "nginx"; allowed: a gateway that runs: istio',
    ],
    [
      "no gateway at all",
      product({ exposed: { products: { gateways: [] } } }),
      "mesh:apps.product.product.exposed.products.gateways is []; allowed: at least one, or none at all, which means every gateway that runs",
    ],
    [
      "a method that is none",
      product({ exposed: { products: { methods: ["GET", "get"] } } }),
      'mesh:apps.product.product.exposed.products.methods[1] is "get"; allowed: one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ],
    [
      "offered for no method",
      product({ exposed: { products: { methods: [] } } }),
      "mesh:apps.product.product.exposed.products.methods is []; allowed: at least one, or none at all, which means GET and HEAD",
    ],
    [
      "offered for a method twice",
      product({ exposed: { products: { methods: ["GET", "GET"] } } }),
      'mesh:apps.product.product.exposed.products.methods[1] is "GET"; allowed: what the list does not have already',
    ],
    ["of the shop, by its own key", shop({ frontend: { replicas: 0 } }), "mesh:apps.prod.frontend.replicas is 0"],
    [
      "a database without a size",
      shop({ database: { storage: "much" } }),
      'mesh:apps.prod.database.storage is "much"; allowed: a size such as',
    ],
    [
      "a registry at no port",
      { "mesh:images": { registry: "mirror.example.com:70000" } },
      'mesh:images.registry is "mirror.example.com:70000"; allowed: the host of a registry, with a port from 1 to 65535',
    ],
    [
      "a registry with half a name",
      { "mesh:images": { registry: "mirror..example.com" } },
      'mesh:images.registry is "mirror..example.com"; allowed: the host of a registry',
    ],
    [
      "an image of no path",
      { "mesh:images": { fortio: { repository: "team//fortio" } } },
      'mesh:images.fortio.repository is "team//fortio"; allowed: the path of an image',
    ],
    [
      "requests that were already made",
      { "mesh:apps": { load: { generator: { qps: -1 } } } },
      "mesh:apps.load.generator.qps is -1; allowed: a whole number from 0",
    ],
  ]);
});
