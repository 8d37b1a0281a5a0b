import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { binomialBounds } from "../lib/binomial.ts";
import { eventually, haveUp, kubectl, kubeGet, saw } from "../lib/runningStack.ts";
import { withApplications } from "./support/application.ts";
import {
  applications,
  beside,
  elsewhere,
  serverHost as host,
  namespace,
  type paths,
  ports,
  settings,
  share,
  tellerHost,
} from "./support/everything.ts";
import { createHeld } from "./support/held.ts";
import { type Asker, withCallers } from "./support/inside/pods.ts";
import type { Call, Conversation } from "./support/inside/protocol.ts";

/** Pods with the accounts of the three. */
let [caller, stranger, outside]: (Asker | undefined)[] = [];
const held = createHeld();

beforeAll(async () => {
  await haveUp();
  const accounts = [`${namespace}/caller`, `${namespace}/stranger`, `${elsewhere}/caller`].map((account) => ({ account }));
  const made = await applications();
  await held.open((hold) =>
    withApplications({ applications: made, settings, beside }, () =>
      withCallers(accounts, (askers) => {
        [caller, stranger, outside] = askers;
        return hold();
      }),
    ),
  );
});

afterAll(() => held.close());

const called = async (asker: Asker | undefined, call: Partial<Call>, times = 1) =>
  (await asker?.call(Array.from({ length: times }, () => ({ host, port: ports.grpc, path: "/wire.Echo/Once", ...call })))) ?? [];

const heard = async (asker: Asker | undefined, said: Partial<Conversation>, times = 1) =>
  (await asker?.converse(Array.from({ length: times }, () => ({ host, port: ports.tcp, text: "hello", ...said })))) ?? [];

function withinBounds(versions: readonly (string | undefined)[]): void {
  const v2 = versions.filter((version) => version === "v2").length;
  const { least, most } = binomialBounds(versions.length, share / 100, 2);
  saw(`v2 ${v2} of ${versions.length}, within ${least}–${most}`);
  expect(new Set(versions)).toEqual(new Set(["v1", "v2"]));
  expect(v2).toBeGreaterThanOrEqual(least);
  expect(v2).toBeLessThanOrEqual(most);
}

describe("gRPC", () => {
  test("a declared caller gets an answer, and a stream message by message", async () => {
    expect(await called(caller, { patient: true })).toEqual([
      { status: 200, grpc: 0, messages: [expect.stringMatching(/^v[12]$/)] },
    ]);
    const [streamed] = await called(caller, { path: "/wire.Echo/Stream" });
    expect([streamed?.grpc, streamed?.messages.length]).toEqual([0, 5]);
  });

  test("a method that is not declared is refused, and so is whoever is not: gRPC's own PERMISSION_DENIED", async () => {
    for (const path of ["/wire.Other/Once", "/wire.EchoOther/Once", "/wire.echo/Once"])
      expect(await called(caller, { path })).toEqual([{ status: 200, grpc: 7, messages: [] }]);
    expect(await called(stranger, { patient: true })).toEqual([{ status: 200, grpc: 7, messages: [] }]);
    // Another service on another port, of which one method is declared.
    expect(await called(caller, { port: ports.once, path: "/wire.Echo/Once" })).toMatchObject([{ grpc: 7 }]);
  });

  test("two versions share the calls by weight, and the header goes before", async () => {
    withinBounds((await called(caller, {}, 400)).map(({ messages }) => messages[0]));
    const canaries = await called(caller, { headers: { "x-canary": "true" } }, 20);
    expect(new Set(canaries.map(({ messages }) => messages[0]))).toEqual(new Set(["v2"]));
  });

  test("a call that failed is made again where the port says that all are idempotent, and nowhere else", async () => {
    // To one version, whose only pod then gets both tries.
    const flaky = { path: "/wire.Echo/Flaky", headers: { "x-canary": "true", "x-key": "repeated" } };
    expect(await called(caller, flaky)).toEqual([{ status: 200, grpc: 0, messages: ["v2"] }]);
    const once = { ...flaky, port: ports.once, headers: { ...flaky.headers, "x-key": "once" } };
    expect(await called(caller, once)).toEqual([{ status: 200, grpc: 14, messages: [] }]);
    expect(await called(caller, once)).toEqual([{ status: 200, grpc: 0, messages: ["v2"] }]);
  });
});

test("HTTP/2 without TLS reaches the service as that, and a stranger gets 403", async () => {
  const call = { port: ports.http2, path: "/", headers: { "content-type": "text/plain" } };
  expect(await called(caller, { ...call, patient: true })).toMatchObject([{ status: 200 }]);
  expect(await called(stranger, { ...call, patient: true })).toMatchObject([{ status: 403 }]);
});

describe("TCP", () => {
  test("a declared caller is heard, from the same namespace and from another", async () => {
    for (const asker of [caller, outside])
      expect(await heard(asker, { patient: true })).toEqual([{ said: expect.stringMatching(/^v[12] hello$/) }]);
  });

  test("whoever is not declared is hung up on, and so is a caller on a port of another protocol that it did not declare", async () => {
    expect(await heard(stranger, {})).toEqual([{ said: "" }]);
    expect(await heard(outside, { port: ports.tls, secure: true })).toEqual([{ said: "" }]);
    const [plain] = (await outside?.probe([{ host, port: ports.http, method: "GET", path: "/" }])) ?? [];
    expect(plain).toMatchObject({ status: 403, denied: true });
  });

  test("two versions share the connections by weight", async () => {
    withinBounds((await heard(caller, {}, 300)).map(({ said }) => said.split(" ")[0]));
  });
});

test("TLS of the service's own passes through: a caller sees its certificate, a stranger nothing", async () => {
  const [seen] = await heard(caller, { port: ports.tls, secure: true, patient: true });
  expect(seen).toEqual({ said: expect.stringMatching(/^v[12]$/), names: "DNS:server.example.com" });
  expect(await heard(stranger, { port: ports.tls, secure: true })).toEqual([{ said: "" }]);
});

describe("a container", () => {
  let told: {
    readonly uid: number;
    readonly gid: number;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly files: Readonly<Record<keyof typeof paths, string>>;
    readonly writes: Readonly<Record<string, string>>;
    readonly prepared: string;
  };

  beforeAll(async () => {
    const asked = { host: tellerHost, port: 80, method: "GET", path: "/", patient: true };
    const [seen] = (await caller?.probe([asked])) ?? [];
    told = JSON.parse(seen?.body ?? "");
  });

  test("listens below 1024 as a user without any right, with the arguments that it was given", () => {
    expect([told.uid, told.gid, told.args]).toEqual([4242, 4343, ["first", "second"]]);
  });

  test("has variables from text, Secrets, ConfigMaps, the pod, and the stack's encrypted configuration", () => {
    const { TEXT, TOKEN, PARTNER, REGION, NODE, PORT } = told.env;
    expect({ TEXT, TOKEN, PARTNER, REGION, PORT }).toEqual({
      ...{ TEXT: "as it is", TOKEN: settings.token, PARTNER: "a-key-of-a-partner", REGION: "north", PORT: "80" },
    });
    expect(NODE).toMatch(/^mesh-demo-worker/);
  });

  test("has files from the same places, and from this repository", () => {
    const { text, repository, setting, secret, configMap } = told.files;
    expect({ text, setting, secret, configMap }).toEqual({
      ...{ text: "listen = 80\n", setting: settings.token, secret: "a-key-of-a-partner", configMap: "north" },
    });
    expect(repository).toMatch(/^# apps/);
  });

  test("writes to its scratch folder, in which another container has prepared something before it, and nowhere else", () => {
    expect([told.writes, told.prepared]).toEqual([{ scratch: "written", root: "EROFS" }, "prepared as 4242"]);
  });
});

describe("what nobody calls", () => {
  const logOf = (what: string, container: string) =>
    kubectl("logs", what, `--namespace=${namespace}`, `--container=${container}`);

  test("a worker runs on, asks whom it declared, and has no Service", async () => {
    await eventually("answers in its log", 20, async () =>
      expect(await logOf(`deployment/${await workerDeployment()}`, "worker")).toMatch(/answered 200\n.*answered 200/),
    );
    await expect(kubeGet("service/worker", `--namespace=${namespace}`)).rejects.toThrow("not found");
  });

  test("a job ends, and its proxy with it", async () => {
    await untilEnded("jobs", "Complete", "--selector=app=once");
    // Whom it asks may have been starting, and then it was begun again.
    const place = [`--namespace=${namespace}`, "--container=once"];
    expect(await kubectl("logs", "--selector=app=once", ...place)).toContain("answered 200");
  });

  test("a job by a schedule ends when it is run, and one that may call nobody is refused, which its log says", async () => {
    const run = (name: string) => kubectl("create", "job", `try-${name}`, `--from=cronjob/${name}`, `--namespace=${namespace}`);
    await Promise.all(["nightly", "refused"].map(run));
    await untilEnded("job/try-nightly", "Complete");
    expect(await logOf("job/try-nightly", "nightly")).toBe("answered 200");
    await untilEnded("job/try-refused", "Failed");
    expect(await logOf("job/try-refused", "refused")).not.toContain("answered 200");
  });

  async function workerDeployment(): Promise<string> {
    return kubectl(
      "get",
      "deployments",
      "--selector=app=worker",
      `--namespace=${namespace}`,
      "--output=jsonpath={.items[0].metadata.name}",
    );
  }

  const untilEnded = (which: string, condition: "Complete" | "Failed", ...more: string[]) =>
    kubectl("wait", which, ...more, `--namespace=${namespace}`, `--for=condition=${condition}`, "--timeout=60s");
});
