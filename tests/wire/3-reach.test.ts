import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { kongScope, logEntry } from "../../components/gateway/kong/scope.ts";
import { restrictedContainer, restrictedPod } from "../../components/support/restricted.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { anyUser } from "../../model/container.ts";
import { headlessOf, serviceHost } from "../../model/names.ts";
import { claimsOf } from "../../model/storage.ts";
import { certificateOf } from "../lib/certificate.ts";
import { declare } from "../lib/declared.ts";
import { applyObjects, createObjects, eventually, haveUp, kubectl, kubeGet } from "../lib/runningStack.ts";
import { imageParts, nodeImage, withApplications } from "./support/application.ts";
import { execute, executeIn } from "./support/execute.ts";
import { createHeld } from "./support/held.ts";
import { serviceImage, withNamespace } from "./support/inside/pods.ts";

/*
 * What outlives a pod, and what is outside: a service that keeps what it is told and calls itself; a database that is called from
 * another namespace; and hosts outside the cluster, for which a node stands in, on which a process listens.
 */

const namespace = "wire-reach";
const elsewhere = "wire-reach-else";
const outside = "wire-outside";
const storageClass = "wire-growing";
const domain = "outside.example.com";
const host = `api.${domain}`;
const neighbour = `other.${domain}`;
const ports = { plain: 19080, other: 19081, raw: 19000, tls: 19443 } as const;
const storage = { "/data": "16Mi" } as const;
const grown = { "/data": "32Mi" } as const;
const store = { name: "store", namespace };
const peer = (ordinal: number) => `store-${ordinal}.${serviceHost(headlessOf(store))}`;

const ending = `process.once("SIGTERM", () => process.exit(0));`;
const keeping = `${ending}
  const { readFileSync, writeFileSync } = require("node:fs");
  require("node:http").createServer(({ url }, response) => {
    if (url !== "/") writeFileSync("/data/kept", url.slice(1));
    let kept = "";
    try { kept = readFileSync("/data/kept", "utf8"); } catch {}
    response.end(process.env.POD_NAME + " " + kept);
  }).listen(8080);
  require("node:net").createServer((socket) => socket.on("error", () => {}).on("data", () => socket.end(process.env.POD_NAME))).listen(9000);`;

async function applications(size: Readonly<Record<string, string>>): Promise<ApplicationDeclaration[]> {
  const image = await nodeImage();
  const addresses = [`${address}/32`];
  const client = {
    ...{ image, command: ["node", "--eval", `${ending} setInterval(() => {}, 60_000)`], replicas: 1, probes: { ready: "none" } },
    ports: { http: { port: 8080 } },
  } as const;
  return [
    {
      namespace,
      services: {
        store: {
          ...{ image, command: ["node", "--eval", keeping], replicas: 2, storage: size, probes: { ready: { tcp: "http" } } },
          ports: { http: { port: 8080 }, raw: { port: 9000, protocol: "tcp" } },
          calls: [
            { to: "store", port: "http" },
            { to: "store", port: "raw" },
          ],
        },
        caller: { ...client, calls: [{ to: "store", port: "http" }] },
        reacher: {
          ...client,
          egress: {
            secure: { hosts: [host], port: ports.tls, addresses },
            plain: { hosts: [host], port: ports.plain, protocol: "http", addresses },
            raw: { hosts: [host], port: ports.raw, protocol: "tcp", addresses },
            originated: { hosts: [host], protocol: "http", originate: true, target: ports.tls, addresses },
          },
        },
        wanderer: { ...client, egress: { all: { hosts: [`*.${domain}`], port: ports.tls, addresses } } },
        stranger: client,
      },
      databases: { ledger: { database: "ledger", user: "ledger", storage: "64Mi" } },
    },
    {
      namespace: elsewhere,
      jobs: {
        // The shop's own migration, which fails where it cannot log in.
        migrate: { image: imageParts(await migrationImage()), args: ["migrate"], calls: [{ to: `${namespace}/ledger` }] },
        // It has the address and no permission.
        refused: {
          ...{ image, command: ["node", "--eval", refusing], retries: 0, schedule: "0 3 * * *" },
        },
      },
    },
  ];
}

const refusing = `const socket = require("node:net").connect(5432, "${serviceHost({ name: "ledger", namespace })}");
  socket.on("error", () => {}).on("close", () => console.log("refused")).write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  socket.on("data", () => console.log("greeted"));`;

const migrationImage = () =>
  kubectl(
    "get",
    "jobs",
    "--namespace=prod",
    "--selector=app=migrate",
    "--output=jsonpath={.items[0].spec.template.spec.containers[0].image}",
  );

/** Objects with volumes of a class that lets them grow, whose pods know the address of who stands in for hosts outside. */
const adapted = (ip: string) => (object: object) =>
  JSON.parse(JSON.stringify(object), (key, value) => {
    if (key === "spec" && value.accessModes) return { ...value, storageClassName: storageClass };
    return key === "spec" && value.containers ? { ...value, hostAliases: [{ ip, hostnames: [host, neighbour] }] } : value;
  }) as object;

/** The address of a node that runs services. */
async function nodeAddress(): Promise<string> {
  const worker = "--selector=!node-role.kubernetes.io/control-plane";
  const { items } = await kubeGet<{ items: { status: { addresses: { type: string; address: string }[] } }[] }>("nodes", worker);
  const found = items[0]?.status.addresses.find(({ type }) => type === "InternalIP");
  if (!found) throw new Error("no node has an address");
  return found.address;
}

/** A pod that knows what Kong would know, with its log sent outside, as Kong itself cannot be had here. */
async function asKong(ip: string): Promise<object[]> {
  const log = `http://${host}:${ports.plain}/log`;
  const entry = logEntry(elsewhere, log);
  const scope = kongScope(elsewhere, [], log);
  if (!entry) throw new Error("no entry for the log");
  const pod = {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "as-kong", namespace: elsewhere, labels: { app: "as-kong" } } },
    spec: {
      securityContext: restrictedPod(anyUser),
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...{ name: "as-kong", image: await serviceImage(), securityContext: restrictedContainer },
          command: ["node", "--eval", "setInterval(() => {}, 60_000)"],
        },
      ],
    },
  };
  // Where the network enforces policies, those of the namespace let it out to nobody.
  const policy = {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "as-kong", namespace: elsewhere } },
    spec: { podSelector: { matchLabels: { app: "as-kong" } }, policyTypes: ["Egress"], egress: [{}] },
  };
  return [entry.toJSON() as object, scope.toJSON() as object, policy, adapted(ip)(pod)];
}

/** Who listens on the node that stands in for what is outside. */
async function standIn(): Promise<object> {
  const { certificate, key } = await certificateOf([host, neighbour]);
  const program = `
    const { createServer } = require("node:http");
    const tell = (what) => ({ headers, socket }, response) => response.end(what + " " + headers.host + " " + (socket.servername ?? ""));
    createServer(tell("plain")).listen(${ports.plain});
    createServer(tell("other")).listen(${ports.other});
    require("node:https").createServer({ key: process.env.KEY, cert: process.env.CERTIFICATE }, tell("tls")).listen(${ports.tls});
    require("node:net").createServer((socket) => socket.on("error", () => {}).on("data", () => socket.end("raw"))).listen(${ports.raw});`;
  const labels = { app: "stand-in" };
  const container = {
    ...{ name: "stand-in", image: await serviceImage(), command: ["node", "--eval", program] },
    env: [
      { name: "CERTIFICATE", value: certificate },
      { name: "KEY", value: key },
    ],
  };
  const spec = {
    hostNetwork: true,
    terminationGracePeriodSeconds: 1,
    containers: [container],
  };
  return {
    ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "stand-in", namespace: outside } },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

let address = "";
const held = createHeld();

beforeAll(async () => {
  await haveUp();
  address = await nodeAddress();
  const { provisioner } = await kubeGet<{ provisioner: string }>("storageclass/standard");
  const metadata = { name: storageClass };
  const more = { provisioner, allowVolumeExpansion: true, volumeBindingMode: "WaitForFirstConsumer", reclaimPolicy: "Delete" };
  await applyObjects([{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata, ...more }]);
  const made = await applications(storage);
  await held.open((hold) =>
    withNamespace(outside, async () => {
      await createObjects([await standIn()]);
      await kubectl("rollout", "status", "daemonset/stand-in", `--namespace=${outside}`, "--timeout=60s");
      await withApplications({ applications: made, adapted: adapted(address), beside: await asKong(address) }, hold);
    }),
  );
});

afterAll(async () => {
  await held.close();
  await kubectl("delete", "storageclass", storageClass, "--ignore-not-found");
});

describe("a service that keeps what it is told", () => {
  const ask = (url: string, from = "caller") =>
    execute(
      namespace,
      from,
      `fetch("http://${url}").then((answer) => answer.text()).then(console.log, ({ cause }) => console.log(cause.code))`,
    );

  test("its pods have names of their own, which callers may use, and what one keeps no other one has", async () => {
    for (const ordinal of [0, 1])
      await eventually("the pod's answer", 20, async () =>
        expect(await ask(`${peer(ordinal)}:8080/said-to-${ordinal}`)).toBe(`store-${ordinal} said-to-${ordinal}`),
      );
    for (const ordinal of [0, 1]) expect(await ask(`${peer(ordinal)}:8080/`)).toBe(`store-${ordinal} said-to-${ordinal}`);
    expect(await ask(`${serviceHost(store)}:8080/`)).toMatch(/^store-[01] said-to-[01]$/);
  });

  test("a pod calls its peers, as it declares, over HTTP and TCP", async () => {
    const both = `fetch("http://${peer(1)}:8080/").then((answer) => answer.text()).then((text) => {
      const socket = require("node:net").connect(9000, "${peer(1)}", () => socket.write("x"));
      socket.on("data", (data) => console.log(text + ", " + data)).on("error", ({ code }) => console.log(code));
    })`;
    expect(await executeIn(namespace, "store-0", "store", both)).toBe("store-1 said-to-1, store-1");
  });

  test("nobody else does, by whichever name", async () => {
    for (const name of [peer(0), serviceHost(store)]) expect(await ask(`${name}:8080/`, "stranger")).not.toContain("store-");
  });

  test("what was kept is there when a pod is replaced, under the same name", async () => {
    const uidOf = () => kubectl("get", "pod/store-0", `--namespace=${namespace}`, "--output=jsonpath={.metadata.uid}");
    const before = await uidOf();
    await kubectl("delete", "pod/store-0", `--namespace=${namespace}`, "--wait");
    await eventually("another pod of the name", 30, async () => expect(await uidOf()).not.toBe(before));
    await kubectl("wait", "pod/store-0", `--namespace=${namespace}`, "--for=condition=Ready", "--timeout=60s");
    await eventually("what was kept", 30, async () => expect(await ask(`${peer(0)}:8080/`)).toBe("store-0 said-to-0"));
  });

  test("its volumes grow where their class lets them, and no pod is replaced for that", async () => {
    const pods = () =>
      kubectl("get", "pods", "--selector=app=store", `--namespace=${namespace}`, "--output=jsonpath={.items[*].metadata.uid}");
    const before = await pods();
    const { own } = await declare(await applications(grown));
    const claims = own.filter(({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.name.includes("-store-"));
    await applyObjects(claims.map(adapted(address)));
    for (const { name } of claimsOf("store", grown, 2)) {
      const asked = await kubectl(
        "get",
        `pvc/${name}`,
        `--namespace=${namespace}`,
        "--output=jsonpath={.spec.resources.requests.storage} {.status.phase}",
      );
      expect(asked).toBe(`${grown["/data"]} Bound`);
    }
    expect(await pods()).toBe(before);
    const smaller = (object: object) => JSON.parse(JSON.stringify(object).replace(grown["/data"], "8Mi")) as object;
    await expect(applyObjects(claims.map(smaller))).rejects.toThrow(/less than/);
  });
});

describe("a database", () => {
  test("is logged in to from another namespace, where its user is written down for who declares that", async () => {
    await kubectl(
      "wait",
      "jobs",
      "--selector=app=migrate",
      `--namespace=${elsewhere}`,
      "--for=condition=Complete",
      "--timeout=90s",
    );
  });

  test("refuses who does not, in the same namespace as that", async () => {
    await kubectl("create", "job", "try-refused", "--from=cronjob/refused", `--namespace=${elsewhere}`);
    await kubectl("wait", "job/try-refused", `--namespace=${elsewhere}`, "--for=condition=Complete", "--timeout=60s");
    expect(await kubectl("logs", "job/try-refused", `--namespace=${elsewhere}`, "--container=refused")).toBe("refused");
  });
});

describe("a host outside", () => {
  const over = (scheme: "http" | "https", port: number, name = host) => `
    const sent = require("node:${scheme}").get({ host: "${name}", port: ${port}, path: "/", rejectUnauthorized: false, timeout: 10_000 }, (answer) => {
      let text = "";
      answer.on("data", (data) => { text += data; }).on("end", () => console.log(answer.statusCode + " " + text));
    });
    sent.on("error", ({ code }) => console.log(code)).on("timeout", () => sent.destroy());`;
  const raw = (port: number) => `
    const socket = require("node:net").connect(${port}, "${host}", () => socket.write("x"));
    let text = "";
    socket.on("data", (data) => { text += data; }).on("error", () => {}).on("close", () => console.log("heard " + text));`;
  const patiently = (workload: string, program: string, expected: string) =>
    eventually(expected, 20, async () => expect(await execute(namespace, workload, program)).toBe(expected));

  test("is reached by who declares it: over TLS, which passes as it is, over HTTP and TCP", async () => {
    await patiently("reacher", over("https", ports.tls), `200 tls ${host}:${ports.tls} ${host}`);
    await patiently("reacher", over("http", ports.plain), `200 plain ${host}:${ports.plain} `);
    await patiently("reacher", raw(ports.raw), "heard raw");
  });

  test("is refused on another port, another host on a declared one, and everything to who declares nothing", async () => {
    // A port that nobody is known on ends a connection; where HTTP is spoken with others, the answer is 502.
    expect(await execute(namespace, "reacher", over("http", ports.other))).toBe("ECONNRESET");
    expect(await execute(namespace, "reacher", over("https", ports.tls, neighbour))).toBe("ECONNRESET");
    expect(await execute(namespace, "reacher", over("http", ports.plain, neighbour))).toMatch(/^502 /);
    // Its address is no way around its name.
    expect(await execute(namespace, "reacher", over("http", ports.plain, address))).toMatch(/^502 /);
    expect(await execute(namespace, "stranger", over("https", ports.tls))).toBe("ECONNRESET");
    expect(await execute(namespace, "stranger", over("http", ports.plain))).toBe("ECONNRESET");
    expect(await execute(namespace, "stranger", raw(ports.raw))).toBe("heard ");
  });

  test("one of all below a name is, and none beside", async () => {
    for (const name of [host, neighbour])
      await patiently("wanderer", over("https", ports.tls, name), `200 tls ${name}:${ports.tls} ${name}`);
    // Another workload reaches it on this port.
    expect(await execute(namespace, "wanderer", over("http", ports.plain))).toBe("ECONNRESET");
  });

  test("gets TLS from the proxy where that is asked for, once its certificate is verified", async () => {
    // The authority of the stand-in is nobody's that a proxy knows.
    await eventually("a refusal", 20, async () =>
      expect(await execute(namespace, "reacher", over("http", 80))).toMatch(/^503 .*connection failure/),
    );
    const rule = `destinationrules.networking.istio.io/egress.${host}`;
    const tls = "/spec/trafficPolicy/portLevelSettings/0/tls";
    const trusting = JSON.stringify([
      { op: "remove", path: `${tls}/subjectAltNames` },
      { op: "add", path: `${tls}/insecureSkipVerify`, value: true },
    ]);
    await kubectl("patch", rule, `--namespace=${namespace}`, "--type=json", `--patch=${trusting}`);
    await patiently("reacher", over("http", 80), `200 tls ${host} ${host}`);
  });

  test("of Kong's own are its log and the API server, and no other", async () => {
    await kubectl("wait", "pod/as-kong", `--namespace=${elsewhere}`, "--for=condition=Ready", "--timeout=60s");
    const get = (program: string) => executeIn(elsewhere, "as-kong", "as-kong", program);
    await eventually("the log's host", 20, async () => expect(await get(over("http", ports.plain))).toMatch(/^200 plain/));
    const server = await get(`const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
      require("node:https").get({ host, port, path: "/version", rejectUnauthorized: false }, (answer) => { console.log(answer.statusCode); process.exit(); }).on("error", ({ code }) => console.log(code));`);
    expect(server).toBe("200");
    expect(await get(over("https", ports.tls))).toBe("ECONNRESET");
    expect(await get(over("http", ports.plain, neighbour))).toMatch(/^502 /);
  });
});
