import { describe, expect, test } from "vitest";
import { plan, problems as problemsOfStack } from "../support/config.ts";
import { application, deployed, image, problems, program, queue, shop } from "../support/stores.ts";

/*
 * Workers, which run on and which nobody calls; and what they have in common with jobs: names, callers, and what stacks override.
 */

const ofWorker = (options: object, more: object = {}) => problems({ workers: { mailer: { image, ...options } }, ...more });

describe("a worker", () => {
  const mailer = (options: object) => deployed({ workers: { mailer: { image, ...options } } }).workers?.[0];

  test("is one pod that listens on nothing, and that nobody asks how it is", () => {
    expect(mailer({})).toEqual({
      name: "mailer",
      ports: [],
      probes: { startWithin: 60 },
      calls: [],
      egress: [],
      container: { user: 10_001, group: 10_001, scratch: {}, files: {}, pullSecrets: [] },
      initContainers: [],
      versions: [{ name: "v1", weight: 100, replicas: 1, image, env: {} }],
    });
  });

  test("may say what a service may of its program and its pods", () => {
    const calls = [{ to: "queue" }, { to: "stock" }];
    const own = { command: ["/bin/mail"], args: ["-v"], env: { A: "1" }, resources: { limits: { memory: "1Gi" } } };
    const worker = mailer({ ...own, replicas: 3, calls, container: { user: 5 }, initContainers: { wait: {} } });
    expect(worker).toMatchObject({
      calls,
      container: { user: 5, group: 5 },
      initContainers: [{ name: "wait", image, env: own.env }],
      versions: [{ name: "v1", weight: 100, replicas: 3, image, ...own }],
    });
  });

  test("is asked on ports by their numbers, or by a command", () => {
    const probes = { ready: { http: "/ready", port: 9000 }, health: { exec: ["/bin/ask"] }, startWithin: "5m" };
    expect(mailer({ probes })?.probes).toEqual({ ...probes, startWithin: 300 });
    expect(mailer({ probes: { health: { tcp: 9000 } } })?.probes).toEqual({ health: { tcp: 9000 }, startWithin: 60 });
  });

  const number = "the number of a port that is not among the ports";
  test.each<[string, unknown, string]>([
    [
      "by a path alone",
      "/ready",
      'is "/ready"; allowed: another kind of probe, or http with the number of a port, as no port has protocol http',
    ],
    ["by the name of a port of HTTP", { http: "/ready", port: "http" }, `.port is "http"; allowed: ${number}`],
    ["by the name of a port of TCP", { tcp: "queue" }, `.tcp is "queue"; allowed: ${number}`],
    ["by the name of a port of gRPC", { grpc: "grpc" }, `.grpc is "grpc"; allowed: ${number}`],
  ])("is not asked %s", (_what, probe, sentence) => {
    for (const question of ["ready", "health"]) {
      const place = `mailer probes.${question}${sentence.startsWith(".") ? "" : " "}`;
      expect(ofWorker({ probes: { [question]: probe } })).toEqual([`${place}${sentence}`]);
    }
  });

  test.each(["ports", "versions", "canary", "exposed", "resilience", "before", "schedule"])("has no %s", (option) => {
    const known = "image, command, args, container, initContainers, resources, env, calls, egress, probes, replicas";
    expect(ofWorker({ [option]: {} })).toEqual([`mailer ${option} is not a key; allowed: ${known}`]);
  });

  test("has from 1 to 50 pods, and no command for a program", () => {
    for (const replicas of [0, 51]) {
      expect(ofWorker({ replicas })).toEqual([`mailer replicas is ${replicas}; allowed: a whole number from 1 to 50`]);
    }
    expect(ofWorker({ image: program, command: ["/a"] })).toEqual([
      'mailer command is ["/a"]; allowed: none with image.source, which is the program that runs',
    ]);
  });
});

describe("nobody calls", () => {
  test.each([
    ["a worker", { workers: { mailer: { image } } }],
    ["a job", { jobs: { mailer: { image } } }],
  ])("%s", (_what, more) => {
    for (const to of ["mailer", "stores/mailer"]) {
      expect(problems({ ...more, services: { shop: { ...shop, calls: [{ to }] }, queue } })).toEqual([
        `shop calls[0].to is "${to}"; allowed: one of shop, queue, stock`,
      ]);
    }
  });
});

describe("nobody calls itself but a service", () => {
  test.each([
    ["a worker", (calls: object[]) => ({ workers: { mailer: { image, calls } } })],
    ["a job", (calls: object[]) => ({ jobs: { mailer: { image, calls } } })],
  ])("%s does not", (_what, declare) => {
    for (const to of ["mailer", "stores/mailer"]) {
      expect(problems(declare([{ to }]))).toEqual([`mailer calls[0].to is "${to}"; allowed: one of shop, queue, stock`]);
    }
  });
});

describe("names", () => {
  const label = (most: number) =>
    `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`;
  const named = (kind: string, name: string, more: object = {}) => problems({ [kind]: { [name]: { image, ...more } } });

  test.each([
    // 63 letters, of which the Deployment's version, Pulumi, the ReplicaSet and the pod take some.
    ["a worker", "workers", {}, 34],
    // 63 letters, of which `stores-` and what Pulumi appends take some: Kubernetes labels a Job's pods with its whole name.
    ["a job", "jobs", {}, 47],
    // Kubernetes appends the time of a run to 52.
    ["a job with a schedule", "jobs", { schedule: "0 3 * * *" }, 52],
  ])("of %s leave room for what is appended to them", (_what, kind, more, most) => {
    expect(named(kind, "a".repeat(most), more)).toEqual([]);
    const long = "a".repeat(most + 1);
    expect(named(kind, long, more)).toEqual([`${long} name is "${long}"; allowed: ${label(most)}`]);
  });

  test("are of one workload alone", () => {
    expect(problems({ workers: { shop: { image } }, jobs: { stock: { image } } })).toEqual([
      'shop name is "shop"; allowed: a name that no other workload of the namespace has; another has it already',
      'stock name is "stock"; allowed: a name that no other workload of the namespace has; another has it already',
    ]);
  });

  test("of a worker's Deployment are those of no version of a service", () => {
    const versions = { "mailer-v1": {} };
    expect(problems({ services: { shop: { ...shop, versions } }, workers: { "shop-mailer": { image } } })).toEqual([
      'shop-mailer name is "shop-mailer"; allowed: a name that is unique after joining namespace, name and version; stores/shop versions.mailer-v1 has it already',
    ]);
  });
});

describe("a stack overrides", () => {
  const declared = application({
    workers: { mailer: { image, env: { A: "1", B: "1" }, initContainers: { wait: { image: { ...image, registry: "other" } } } } },
    jobs: { report: { image, schedule: "0 3 * * *" } },
  });
  const stack = (stores: object, images: object = {}) => ({ "mesh:apps": { stores }, "mesh:images": images });
  const planned = (...given: Parameters<typeof stack>) => plan(stack(...given), undefined, [declared]).applications[0];

  test("a worker's image, variables, resources and pods", () => {
    const resources = { limits: { memory: "1Gi" } };
    const worker = planned({ mailer: { image: { tag: "2" }, env: { B: null, C: "2" }, resources, replicas: 4 } })?.workers?.[0];
    expect(worker?.versions).toEqual([
      { name: "v1", weight: 100, replicas: 4, image: { ...image, tag: "2" }, env: { A: "1", C: "2" }, resources },
    ]);
  });

  test("a job's image, variables, time and tries", () => {
    const when = { schedule: "30 4 * * *", timeZone: "Etc/UTC" };
    const job = planned({ report: { image: { tag: "2" }, env: { A: "1" }, ...when, retries: 1, timeout: "30s" } })?.jobs?.[0];
    expect(job).toMatchObject({ ...when, retries: 1, seconds: 30, program: { image: { ...image, tag: "2" }, env: { A: "1" } } });
    expect(planned({ report: { schedule: null } })?.jobs?.[0]).not.toHaveProperty("schedule");
  });

  test("the registry of all images, of what runs before containers too", () => {
    const { workers, jobs } = planned({}, { registry: "mirror.example.com" }) ?? {};
    const mirrored = { ...image, registry: "mirror.example.com" };
    expect(workers?.[0]?.versions[0]?.image).toEqual(mirrored);
    expect(workers?.[0]?.initContainers?.[0]?.image).toEqual(mirrored);
    expect(jobs?.[0]?.program.image).toEqual(mirrored);
  });

  test.each<[string, object, string]>([
    [
      "whom a worker calls",
      { mailer: { calls: [] } },
      "mailer.calls is not a setting; allowed: image, resources, env, replicas, egress",
    ],
    [
      "who waits for a job",
      { report: { before: "deploy" } },
      "report.before is not a setting; allowed: image, egress, resources, env, schedule, timeZone, retries, timeout",
    ],
    ["a workload that is not there", { mailr: {} }, "mailr is not declared; allowed: shop, queue, mailer, report, stock"],
    [
      "a job's tries beyond what may be",
      { report: { retries: 21 } },
      "report.retries is 21; allowed: a whole number from 0 to 20",
    ],
    ["a worker's pods away", { mailer: { replicas: 0 } }, "mailer.replicas is 0; allowed: a whole number from 1 to 50"],
  ])("but not %s", (_what, stores, sentence) => {
    expect(problemsOfStack(stack(stores), undefined, [declared])).toEqual([`mesh:apps.stores.${sentence}`]);
  });
});
