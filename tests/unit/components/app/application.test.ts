import { describe, expect, test } from "vitest";
import { deployApplications } from "../../../../components/app/Application.ts";
import { serviceAnnotations } from "../../../../components/gateway/kong/annotations.ts";
import type { ApplicationSpec, JobSpec, ServiceSpec } from "../../../../model/application.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import type { GatewayName } from "../../../../model/gateway.ts";
import type { Port } from "../../../../model/ports.ts";
import { type Route, routesOf } from "../../../../model/route.ts";
import { at, opened, type Recording, type Registered, record } from "../../../lib/mocks.ts";
import { service as declaredService, factsOf, httpPort, job as jobOf, versionOf, worker } from "../../../lib/shop.ts";

const service = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec =>
  declaredService(name, { ports: [httpPort(3000)], ...more });

const spec: ApplicationSpec = {
  namespace: "stores",
  services: [
    service("shop", {
      versions: [versionOf("v1", 100, 1, { env: { PGDATABASE: "another" } })],
      calls: [{ to: "stores/stock" }],
      exposed: { page: { path: "/shop" } },
    }),
    service("ledger", { exposed: { page: { path: "/ledger", gateways: ["istio"] } } }),
  ],
  databases: [
    { name: "stock", image: { registry: "registry", repository: "postgres" }, database: "stock", user: "stock", storage: "1Gi" },
  ],
};

/** The same database, and other services. */
const withServices = (...services: ServiceSpec[]): ApplicationSpec => ({ ...spec, services });

function recordApplication(
  gateways: readonly GatewayName[] = ["kong", "istio"],
  deployed = spec,
  others: readonly ApplicationSpec[] = [],
) {
  const graph = new CallGraph([deployed, ...others], factsOf(...gateways));
  const mesh = { injection: { "istio.io/rev": "stable" }, podAnnotations: { "mesh/proxy": "a-1" } };
  const routes = routesOf(deployed, gateways);
  const annotations = (route: Route) =>
    gateways.includes("kong") && route.gateways.includes("kong") ? serviceAnnotations(route) : {};
  return record(() => deployApplications([deployed], { graph, routes, mesh, annotations }));
}

const deployment = "kubernetes:apps/v1:Deployment";

describe("a database's variables", () => {
  const envOf = async (name: string) => {
    const { inputs } = await recordApplication();
    return at<object[]>(inputs(deployment, name), "spec.template.spec.containers.0.env");
  };

  test("are given to whom it may be called by, and his own go before them", async () => {
    const env = await envOf("stores-shop-v1");
    expect(env).toContainEqual({ name: "PGHOST", value: "stock.stores.svc.cluster.local" });
    expect(env).toContainEqual({ name: "PGDATABASE", value: "another" });
    const secretKeyRef = { name: "stock-credentials", key: "password" };
    expect(env).toContainEqual({ name: "PGPASSWORD", valueFrom: { secretKeyRef } });
  });

  test("are given to each version, whose own go before them as well", async () => {
    const versions = [
      versionOf("v1", 50, 1, { env: { PGDATABASE: "another" } }),
      versionOf("v2", 50, 1, { env: { PGUSER: "me" } }),
    ];
    const { inputs } = await recordApplication(["istio"], withServices(service("shop", { versions, calls: [{ to: "stock" }] })));
    const env = (name: string) => at<object[]>(inputs(deployment, name), "spec.template.spec.containers.0.env");
    for (const name of ["stores-shop-v1", "stores-shop-v2"]) {
      expect(env(name)).toContainEqual({ name: "PGHOST", value: "stock.stores.svc.cluster.local" });
    }
    expect(env("stores-shop-v1")).toContainEqual({ name: "PGDATABASE", value: "another" });
    expect(env("stores-shop-v1")).toContainEqual({ name: "PGUSER", value: "stock" });
    expect(env("stores-shop-v2")).toContainEqual({ name: "PGDATABASE", value: "stock" });
    expect(env("stores-shop-v2")).toContainEqual({ name: "PGUSER", value: "me" });
  });

  test("are those of the first, of several", async () => {
    const [stock] = spec.databases ?? [];
    const more = { ...spec, databases: [stock, { ...stock, name: "archive" }] } as ApplicationSpec;
    const calls = [{ to: "archive" }, { to: "stock" }];
    const { inputs } = await recordApplication(["istio"], { ...more, services: [service("shop", { calls })] });
    const env = at<object[]>(inputs(deployment, "stores-shop-v1"), "spec.template.spec.containers.0.env");
    expect(env).toContainEqual({ name: "PGHOST", value: "archive.stores.svc.cluster.local" });
    const secretKeyRef = { name: "archive-credentials", key: "password" };
    expect(env).toContainEqual({ name: "PGPASSWORD", valueFrom: { secretKeyRef } });
    expect(JSON.stringify(env)).not.toContain("stock.stores");
  });

  test("are nobody else's", async () => {
    expect(JSON.stringify(await envOf("stores-ledger-v1"))).not.toContain("PG");
  });
});

describe("jobs and workers", () => {
  const [job, cronJob] = ["kubernetes:batch/v1:Job", "kubernetes:batch/v1:CronJob"];
  const withJobs = (...jobs: JobSpec[]): ApplicationSpec => ({ ...spec, workers: [worker("mailer")], jobs });
  const pods = ["shop-v1", "ledger-v1", "mailer-v1"];

  /** Which Deployments come after a job, whether it is there or not. */
  const waiting = async (before: NonNullable<JobSpec["before"]>) => {
    const { dependsOn } = await recordApplication(["istio"], withJobs(jobOf("migrate", { before }), jobOf("clean")));
    const ofThem = (name: string) => pods.filter((pod) => dependsOn([deployment, `stores-${pod}`], [job, name]));
    expect(ofThem("stores-clean")).toEqual([]);
    return ofThem("stores-migrate");
  };

  test("whoever is named waits until the job has ended, and nobody else", async () => {
    expect(await waiting(["shop"])).toEqual(["shop-v1"]);
    expect(await waiting(["mailer", "ledger"])).toEqual(["ledger-v1", "mailer-v1"]);
  });

  test("everybody waits for a job before what is deployed, and for each of several", async () => {
    expect(await waiting("deploy")).toEqual(pods);
    const both = withJobs(jobOf("first", { before: "deploy" }), jobOf("second", { before: ["shop"] }));
    const { dependsOn } = await recordApplication(["istio"], both);
    for (const name of ["first", "second"]) expect(dependsOn([deployment, "stores-shop-v1"], [job, `stores-${name}`])).toBe(true);
    expect(dependsOn([job, "stores-second"], [job, "stores-first"])).toBe(false);
  });

  test("a job that others wait for begins when the databases that it calls are there, and no other does", async () => {
    const stock = ["kubernetes:apps/v1:StatefulSet", "stores-stock"] as const;
    const jobs = [
      jobOf("migrate", { before: ["shop"], calls: [{ to: "stock" }] }),
      jobOf("prepare", { before: ["shop"] }),
      jobOf("clean", { calls: [{ to: "stores/stock" }] }),
    ];
    const { dependsOn } = await recordApplication(["istio"], withJobs(...jobs));
    const after = jobs.filter(({ name }) => dependsOn([job, `stores-${name}`], stock)).map(({ name }) => name);
    expect(after).toEqual(["migrate"]);
    // Each begins behind the namespace's rules.
    const closed = ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "stores-allow-nothing"] as const;
    for (const { name } of jobs) expect(dependsOn([job, `stores-${name}`], closed)).toBe(true);
  });

  test("a database's variables are given to jobs, workers and what runs before them", async () => {
    const calls = [{ to: "stock" }];
    const initContainers = [{ name: "wait", image: { reference: "registry/wait:1" }, env: {} }];
    const deployed = { ...withJobs(jobOf("migrate", { calls, initContainers })), workers: [worker("mailer", { calls })] };
    const { inputs } = await recordApplication(["istio"], deployed);
    const host = { name: "PGHOST", value: "stock.stores.svc.cluster.local" };
    const pod = (type: string, name: string) => at<object>(inputs(type, name), "spec.template.spec");
    for (const container of ["containers.0", "initContainers.0"]) {
      expect(at(pod(job, "stores-migrate"), `${container}.env`)).toContainEqual(host);
    }
    expect(at(pod(deployment, "stores-mailer-v1"), "containers.0.env")).toContainEqual(host);
  });

  test("a note of the proxy makes no other job, which would run once more", async () => {
    const { inputs } = await recordApplication(["istio"], withJobs(jobOf("migrate"), jobOf("report", { schedule: "0 3 * * *" })));
    expect(JSON.stringify([inputs(job, "stores-migrate"), inputs(cronJob, "stores-report")])).not.toContain("mesh/proxy");
    expect(at(inputs(deployment, "stores-mailer-v1"), "spec.template.metadata.annotations")).toEqual({ "mesh/proxy": "a-1" });
  });

  test("a worker has no Service and no routes", async () => {
    const { all } = await recordApplication(["istio"], withJobs());
    const names = (type: string) => all(type).map(({ name }) => name);
    expect(names("kubernetes:core/v1:Service").toSorted()).toEqual(["stores-ledger", "stores-shop", "stores-stock"]);
    expect(names("kubernetes:networking.istio.io/v1:VirtualService").join()).not.toContain("mailer");
  });
});

describe("a database of another namespace", () => {
  const secret = "kubernetes:core/v1:Secret";
  const calls = [{ to: "stores/stock" }];
  const own = { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "stores.stock-credentials", key: "password" } } };
  const env = { PASSWORD: { secret: "stores.stock-credentials", key: "password" } };
  const caller: ApplicationSpec = {
    namespace: "callers",
    services: [
      service("web", { calls, versions: [versionOf("v1", 100, 1, { env })] }),
      service("inner"),
      service("quiet", { versions: [versionOf("v1", 100, 1, { env })] }),
    ],
    workers: [worker("mailer", { calls: [...calls, { to: "web" }] })],
    jobs: [jobOf("migrate", { calls, before: ["inner"] })],
  };
  /** Both applications, the caller first: it is there before what it calls. */
  const recordBoth = (others: readonly ApplicationSpec[] = []) => {
    const applications = [caller, ...others, spec];
    const graph = new CallGraph(applications, []);
    const mesh = { injection: { "istio.io/rev": "stable" }, podAnnotations: {} };
    return record(() => deployApplications(applications, { graph, routes: [], mesh }));
  };
  const ofCallers = (recording: Recording) =>
    recording.all(secret).filter(({ inputs }) => at(inputs, "metadata.namespace") === "callers");
  const container = ({ inputs }: Recording, name: string) =>
    at<{ env: object[] }>(inputs(deployment, name), "spec.template.spec.containers.0");

  test("has its credentials beside its callers too, the same ones, once for all of them", async () => {
    const recording = await recordBoth();
    const [only, ...others] = ofCallers(recording);
    expect(others).toEqual([]);
    expect(at(only?.inputs, "metadata")).toEqual({ name: "stores.stock-credentials", namespace: "callers" });
    expect(opened(at(only?.inputs, "stringData"))).toEqual({ user: "stock", password: "the-password", database: "stock" });
    expect(opened(at(only?.inputs, "stringData"))).toEqual(opened(at(recording.inputs(secret, "stores-stock"), "stringData")));
  });

  test("gives its variables to its callers, with the password from beside them", async () => {
    const recording = await recordBoth();
    const job = at<{ env: object[] }>(
      recording.inputs("kubernetes:batch/v1:Job", "callers-migrate"),
      "spec.template.spec.containers.0",
    );
    for (const { env } of [container(recording, "callers-web-v1"), container(recording, "callers-mailer-v1"), job]) {
      expect(env).toContainEqual({ name: "PGHOST", value: "stock.stores.svc.cluster.local" });
      expect(env).toContainEqual({ name: "PGUSER", value: "stock" });
      expect(env).toContainEqual({
        name: "PGPASSWORD",
        valueFrom: { secretKeyRef: { name: "stores.stock-credentials", key: "password" } },
      });
    }
    for (const name of ["callers-inner-v1", "callers-quiet-v1"])
      expect(JSON.stringify(container(recording, name).env)).not.toContain("PG");
    // Callers beside it have what they had.
    expect(container(recording, "stores-shop-v1").env).toContainEqual({
      name: "PGPASSWORD",
      valueFrom: { secretKeyRef: { name: "stock-credentials", key: "password" } },
    });
  });

  test("is waited for by its Secret alone, whoever names that, and by a job before others as a whole", async () => {
    const recording = await recordBoth();
    const [made] = ofCallers(recording);
    const credentials = [secret, made?.name ?? ""] as const;
    const stock = ["kubernetes:apps/v1:StatefulSet", "stores-stock"] as const;
    // One that calls it, and one that names its Secret.
    for (const name of ["callers-web-v1", "callers-quiet-v1"]) {
      expect(container(recording, name).env).toContainEqual(own);
      expect(recording.dependsOn([deployment, name], credentials)).toBe(true);
      expect(recording.dependsOn([deployment, name], stock)).toBe(false);
    }
    expect(recording.dependsOn([deployment, "callers-inner-v1"], stock)).toBe(true);
    expect(recording.dependsOn(["kubernetes:batch/v1:Job", "callers-migrate"], stock)).toBe(true);
    // It is there behind its namespace's rules.
    const closed = ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "callers-allow-nothing"] as const;
    expect(recording.dependsOn(credentials, closed)).toBe(true);
  });

  test("has no credentials where nobody calls it", async () => {
    const { all } = await recordApplication();
    expect(all(secret).map(({ name }) => name)).toEqual(["stores-stock"]);
  });

  test("has credentials by a name that no other one's run together with", async () => {
    const database = (namespace: string): ApplicationSpec => ({ namespace, services: [], databases: spec.databases ?? [] });
    const calling = (namespace: string, to: string): ApplicationSpec => ({
      ...{ namespace, services: [], workers: [worker("mailer", { calls: [{ to }] })] },
    });
    const { all } = await recordBoth([
      ...[database("b-c"), database("c")],
      ...[calling("a", "b-c/stock"), calling("a-b", "c/stock")],
    ]);
    const names = all(secret).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

test("a service of another namespace gives no variables, whatever it is called", async () => {
  const calling = withServices(service("shop", { calls: [{ to: "other/stock" }] }));
  const other: ApplicationSpec = { namespace: "other", services: [service("stock")] };
  const { inputs } = await recordApplication(["istio"], calling, [other]);
  expect(JSON.stringify(inputs(deployment, "stores-shop-v1"))).not.toContain("PGHOST");
});

test("no pod is there before its namespace is closed to those who are not declared", async () => {
  const { waits } = await recordApplication();
  const closed = ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "stores-allow-nothing"] as const;
  for (const name of ["stores-shop-v1", "stores-ledger-v1"]) expect(waits([deployment, name], closed)).toBe(true);
  expect(waits(["kubernetes:apps/v1:StatefulSet", "stores-stock"], closed)).toBe(true);
});

test("every pod carries the note of its proxy, and the namespace says who injects it", async () => {
  const { inputs, all } = await recordApplication();
  const workloads = [...all(deployment), ...all("kubernetes:apps/v1:StatefulSet")];
  expect(workloads).toHaveLength(3);
  for (const workload of workloads) {
    expect(at(workload.inputs, "spec.template.metadata.annotations")).toEqual({ "mesh/proxy": "a-1" });
  }
  expect(inputs("kubernetes:core/v1:Namespace", "stores")).toMatchObject({ metadata: { labels: { "istio.io/rev": "stable" } } });
});

test("Kong is told to dial the Service where it offers it, and nowhere else", async () => {
  const annotationsOf = async (name: string, gateways?: readonly GatewayName[]) => {
    const { inputs } = await recordApplication(gateways);
    return at<Record<string, string> | undefined>(inputs("kubernetes:core/v1:Service", name), "metadata.annotations");
  };
  expect(await annotationsOf("stores-shop")).toMatchObject({
    "ingress.kubernetes.io/service-upstream": "true",
    "konghq.com/retries": "0",
  });
  expect(await annotationsOf("stores-ledger")).toBeUndefined();
  expect(await annotationsOf("stores-shop", ["istio"])).toBeUndefined();
});

describe("several exposures", () => {
  const [kubernetesService, virtualService] = ["kubernetes:core/v1:Service", "kubernetes:networking.istio.io/v1:VirtualService"];
  const exposed: ServiceSpec["exposed"] = {
    gone: { path: "/gone", redirect: { path: "/shop", code: 308 } },
    slow: { path: "/slow", timeout: "1m" },
    page: { path: "/shop" },
    live: { path: "/live", stream: true },
    old: { path: "/old", rewrite: "/shop" },
    inner: { path: "/inner", timeout: "2m", gateways: ["istio"] },
  };
  const readTimeout = "konghq.com/read-timeout";

  /** The Services of the shop, each with how long Kong waits for it, and the hosts that have rules in the mesh. */
  const offered = async (gateways: readonly GatewayName[], given = exposed) => {
    const { all } = await recordApplication(gateways, withServices(service("shop", { exposed: given })));
    const metadataOf = ({ inputs }: Registered) =>
      at<{ name: string; annotations?: Record<string, string>; labels?: Record<string, string> }>(inputs, "metadata");
    const services = all(kubernetesService).map(metadataOf);
    const own = services.filter(({ labels }) => labels?.app === "shop");
    const hosts = all(virtualService).flatMap(({ inputs }) => at<string[] | undefined>(inputs, "spec.hosts") ?? []);
    return {
      services: Object.fromEntries(own.map(({ name, annotations = {} }) => [name, annotations[readTimeout]])),
      hosts: hosts.map((host) => host.split(".")[0]).toSorted(),
    };
  };

  test("that are treated otherwise have Services of their own for Kong, with rules in the mesh, where it offers them", async () => {
    expect(await offered(["kong", "istio"])).toEqual({
      // The service's own is that of what is treated as the service is, though others come before.
      services: { shop: "6000", "shop-slow": "61000", "shop-live": "2147483646", "shop-old": "6000" },
      hosts: ["shop", "shop-live", "shop-old", "shop-slow"],
    });
  });

  test("that are all treated otherwise leave the service's own Service ready for what is not", async () => {
    const services = { shop: "6000", "shop-slow": "61000" };
    const slow = { path: "/slow", timeout: "1m" };
    expect((await offered(["kong", "istio"], { slow })).services).toEqual(services);
    const page = { path: "/shop", gateways: ["istio"] };
    expect((await offered(["kong", "istio"], { page, slow })).services).toEqual(services);
  });

  test("have none where no gateway asks for annotations", async () => {
    expect(await offered(["istio"])).toEqual({ services: { shop: undefined }, hosts: ["shop"] });
  });

  test.each<[string, NonNullable<ServiceSpec["exposed"]>, object]>([
    ["that only send clients elsewhere", { gone: { path: "/gone", redirect: { path: "/a", code: 301 } } }, { shop: undefined }],
  ])("%s leave the service's own Service as it is", async (_what, given, services) => {
    expect((await offered(["kong", "istio"], given)).services).toEqual(services);
  });
});

test("versions differ in what they run, and share a Service with all ports", async () => {
  const ports: Port[] = [httpPort(80, 8080), { name: "grpc", protocol: "grpc", port: 9090, target: 9090 }];
  const versions = [
    versionOf("v1", 90, 2, { args: ["--plain"] }),
    versionOf("v2", 10, 1, { command: ["/bin/other"], resources: { limits: { memory: "1Gi" } } }),
  ];
  const { inputs } = await recordApplication(["istio"], withServices(service("shop", { ports, versions })));
  const container = (name: string) => at<object>(inputs(deployment, name), "spec.template.spec.containers.0");
  expect(container("stores-shop-v1")).toMatchObject({ image: "registry/service:v1", args: ["--plain"] });
  expect(container("stores-shop-v1")).not.toHaveProperty("command");
  expect(container("stores-shop-v2")).toMatchObject({
    image: "registry/service:v2",
    command: ["/bin/other"],
    resources: { limits: { memory: "1Gi" } },
  });
  expect(container("stores-shop-v2")).not.toHaveProperty("args");
  expect(
    at<{ name: string }[]>(inputs("kubernetes:core/v1:Service", "stores-shop"), "spec.ports").map(({ name }) => name),
  ).toEqual(["http", "grpc"]);
  expect(at(inputs("kubernetes:networking.istio.io/v1:VirtualService", "stores-shop-routes"), "spec.http.0.name")).toBe(
    "http-weighted-repeatable",
  );
});

test("Kong is told what a Service speaks where that is gRPC", async () => {
  const ports: Port[] = [httpPort(80, 8080), { name: "grpc", protocol: "grpc", port: 9090, target: 9090 }];
  const offered = (port: string) => service("shop", { ports, exposed: { page: { port, path: "/shop.Catalog" } } });
  const protocolOf = async (port: string) => {
    const { inputs } = await recordApplication(["kong"], withServices(offered(port)));
    return at<Record<string, string>>(inputs("kubernetes:core/v1:Service", "stores-shop"), "metadata.annotations")[
      "konghq.com/protocol"
    ];
  };
  expect([await protocolOf("http"), await protocolOf("grpc")]).toEqual(["http", "grpc"]);
});
