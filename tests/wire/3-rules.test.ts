import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { serviceHost } from "../../model/names.ts";
import { binomialBounds } from "../lib/binomial.ts";
import { haveUp, saw } from "../lib/runningStack.ts";
import { nodeImage, withApplications } from "./support/application.ts";
import { createHeld } from "./support/held.ts";
import { type Asker, withCallers } from "./support/inside/pods.ts";
import type { Probe } from "./support/inside/protocol.ts";

/*
 * What becomes of requests by what is in them: a service whose v1 takes all of them by weight, and whose v2 sees those that have
 * something, copies of others, and failures that are made on purpose.
 */

const namespace = "wire-rules";
/** Of requests that are copied, and of those that fail, in percent. */
const share = { mirror: 50, fault: 30 } as const;
const delay = 700;

const server = `process.once("SIGTERM", () => process.exit(0));
  const seen = new Map();
  require("node:http").createServer(({ method, headers, url }, response) => {
    const key = headers["x-key"];
    const asked = new URL(url, "http://x").searchParams.get("count");
    if (asked === null) seen.set(key, (seen.get(key) ?? 0) + 1);
    const { VERSION: version, POD_NAME: pod } = process.env;
    response.end(JSON.stringify({ version, pod, count: seen.get(asked) ?? 0 }));
  }).listen(8080);`;

async function application(): Promise<ApplicationDeclaration> {
  const service = {
    ...{ image: await nodeImage(), command: ["node", "--eval", server] },
    ports: { http: { port: 8080 } },
    probes: { ready: { tcp: "http" } },
    replicas: 2,
  } as const;
  const client = { ...service, command: ["node", "--eval", "setInterval(() => {}, 60_000)"], probes: { ready: "none" } } as const;
  return {
    namespace,
    services: {
      ruled: {
        ...service,
        versions: { v1: {}, v2: { args: ["v2"], weight: 0, replicas: 1 } },
        canary: { header: "x-try", value: "second" },
        rules: {
          match: [
            { headers: { "x-group": "beta" }, version: "v2" },
            { headers: { "x-agent": { prefix: "Mobile" } }, version: "v2" },
            { headers: { "x-agent": { regex: "Tablet/[0-9]+" } }, version: "v2" },
            { cookie: { plan: "gold" }, version: "v2" },
            { query: { debug: "yes" }, version: "v2" },
          ],
          affinity: { cookie: "sticky" },
          mirror: { version: "v2", percent: share.mirror },
          fault: { abort: 503, percent: share.fault, when: { headers: { "x-fault": "yes" } }, until: "2999-12-31" },
        },
      },
      late: { ...service, replicas: 1, rules: { fault: { delay: `${delay}ms`, until: "2999-12-31T12:00Z" } } },
      byheader: { ...service, replicas: 3, rules: { affinity: { header: "x-user" } } },
      byaddress: { ...service, replicas: 3, rules: { affinity: "address" } },
      caller: { ...client, replicas: 1, calls: ["ruled", "late", "byheader", "byaddress"].map((to) => ({ to })) },
    },
  };
}

let caller: Asker | undefined;
const held = createHeld();

beforeAll(async () => {
  await haveUp();
  const made = await application();
  await held.open((hold) =>
    withApplications({ applications: [made] }, () =>
      withCallers([{ account: `${namespace}/caller` }], ([asker]) => {
        caller = asker;
        return hold();
      }),
    ),
  );
  for (const service of ["ruled", "late", "byheader", "byaddress"]) await asked({ patient: true }, 1, service);
});

afterAll(() => held.close());

interface Told {
  readonly version: string;
  readonly pod: string;
  readonly count: number;
}

async function answers(probe: Partial<Probe>, times = 1, service = "ruled") {
  const host = serviceHost({ name: service, namespace });
  const headers = { host: `${host}:8080`, ...probe.headers };
  const probes = Array.from({ length: times }, () => ({ host, port: 8080, method: "GET", path: "/", ...probe, headers }));
  return (await caller?.probe(probes)) ?? [];
}

const asked = async (probe: Partial<Probe>, times = 1, service = "ruled") =>
  (await answers(probe, times, service)).map(({ status, body = "" }): Told => {
    if (status !== 200) throw new Error(`answered ${status}: ${body}`);
    // Of an answer in chunks, the one that there is.
    return JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1)) as Told;
  });

/** Versions that answered. */
const versions = async (probe: Partial<Probe>) => [...new Set((await asked(probe, 10)).map(({ version }) => version))];

test("without any of it, the weights decide", async () => {
  expect(await versions({})).toEqual(["v1"]);
});

describe("goes to the other version", () => {
  test.each<[string, Partial<Probe>]>([
    ["a header of exactly this text", { headers: { "x-group": "beta" } }],
    ["a header that begins with this text", { headers: { "x-agent": "Mobile Safari" } }],
    ["a header that is as an expression says", { headers: { "x-agent": "Tablet/12" } }],
    ["a cookie, the only one", { headers: { cookie: "plan=gold" } }],
    ["a cookie among others", { headers: { cookie: "a=1; plan=gold; b=2" } }],
    ["a parameter of the query", { path: "/?a=1&debug=yes" }],
    ["the canary's own header and value", { headers: { "x-try": "second" } }],
  ])("%s", async (_, probe) => {
    expect(await versions(probe)).toEqual(["v2"]);
  });
});

describe("stays with the weights", () => {
  test.each<[string, Partial<Probe>]>([
    ["a header of another text", { headers: { "x-group": "beta2" } }],
    ["a header that begins otherwise", { headers: { "x-agent": "A Mobile" } }],
    ["a header of which an expression fits a part", { headers: { "x-agent": "Tablet/12b" } }],
    ["another cookie whose name ends alike", { headers: { cookie: "myplan=gold" } }],
    ["a cookie that begins alike", { headers: { cookie: "plan=golden" } }],
    ["a parameter of another text", { path: "/?debug=yes2" }],
    ["the canary's header with the usual value", { headers: { "x-try": "true" } }],
  ])("%s", async (_, probe) => {
    expect(await versions(probe)).toEqual(["v1"]);
  });
});

describe("affinity", () => {
  const pods = async (probe: Partial<Probe>, service: string) => new Set((await asked(probe, 12, service)).map(({ pod }) => pod));
  const users = Array.from({ length: 20 }, (_, user) => `user-${user}`);

  test("by cookie: whoever has one stays with a pod, and others are elsewhere", async () => {
    const seen = new Set<string>();
    for (const user of users) {
      const own = await pods({ headers: { cookie: `sticky=${user}` } }, "ruled");
      expect(own.size).toBe(1);
      for (const pod of own) seen.add(pod);
    }
    expect(seen.size).toBe(2);
  });

  test("by header", async () => {
    const seen = new Set<string>();
    for (const user of users) {
      const own = await pods({ headers: { "x-user": user } }, "byheader");
      expect(own.size).toBe(1);
      for (const pod of own) seen.add(pod);
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("by address: one caller stays with one pod of three", async () => {
    expect((await pods({}, "byaddress")).size).toBe(1);
  });
});

describe("a copy", () => {
  const copies = async (key: string) => (await asked({ path: `/?count=${key}`, headers: { "x-group": "beta" } }))[0]?.count ?? 0;

  test("of the share of requests that is declared comes to the other version, whose answers nobody gets", async () => {
    const requests = 400;
    expect(new Set((await asked({ headers: { "x-key": "copied" } }, requests)).map(({ version }) => version))).toEqual(
      new Set(["v1"]),
    );
    const { least, most } = binomialBounds(requests, share.mirror / 100, 1);
    const count = await copies("copied");
    saw(`${count} of ${requests} requests copied, within ${least}–${most}`);
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
  });

  test("is not made of what must not be done twice", async () => {
    await asked({ method: "POST", headers: { "x-key": "posted" } }, 50);
    expect(await copies("posted")).toBe(0);
  });
});

describe("a fault", () => {
  test("is made for the share of those requests that are asked for, and for no other", async () => {
    const requests = 400;
    const failed = (await answers({ headers: { "x-fault": "yes" } }, requests)).filter(({ status }) => status === 503).length;
    const { least, most } = binomialBounds(requests, share.fault / 100, 1);
    saw(`${failed} of ${requests} requests failed on purpose, within ${least}–${most}`);
    expect(failed).toBeGreaterThanOrEqual(least);
    expect(failed).toBeLessThanOrEqual(most);
    // Without the header, none is.
    await asked({}, 50);
  });

  test("is made for those of a match as well, and their answers are that version's", async () => {
    const headers = { "x-fault": "yes", "x-group": "beta" };
    const seen = await answers({ headers }, 60);
    expect(seen.some(({ status }) => status === 503)).toBe(true);
    const others = seen.filter(({ status }) => status === 200);
    expect(others.every(({ body = "" }) => body.includes('"version":"v2"'))).toBe(true);
    expect(others.length).toBeGreaterThan(0);
  });

  test("makes answers late, and leaves them right", async () => {
    const started = performance.now();
    const [told] = await asked({}, 1, "late");
    const took = performance.now() - started;
    saw(`an answer that is to be ${delay} ms late took ${Math.round(took)} ms`);
    expect(told?.version).toBe("v1");
    expect(took).toBeGreaterThanOrEqual(delay);
  });
});
