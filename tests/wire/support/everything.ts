import type { ApplicationDeclaration } from "../../../model/application.ts";
import { serviceHost } from "../../../model/names.ts";
import { certificateOf } from "../../lib/certificate.ts";
import { nodeImage } from "./application.ts";

/*
 * Applications of the tests' own, which say all that can be said: a service that speaks every protocol, each on a port of its own, in
 * two versions; one that is given all that a container can be given, and tells of it; whoever may call them, from their namespace and
 * from another, as a service, a worker or a job; and a stranger.
 */

export const namespace = "wire-declared";
export const elsewhere = "wire-elsewhere";
export const serverHost = serviceHost({ name: "server", namespace });
export const tellerHost = serviceHost({ name: "teller", namespace });
export const ports = { http: 8080, http2: 8081, grpc: 8082, once: 8083, tcp: 9000, tls: 9443 } as const;
/** Of v2, in percent. */
export const share = 30;

/** The first process of a container has to say itself that it ends when it is told to. */
const ending = `process.once("SIGTERM", () => process.exit(0));`;
const server = `${ending}
  const { createServer: http } = require("node:http");
  const { createServer: http2 } = require("node:http2");
  const { createServer: tcp } = require("node:net");
  const { createServer: tls } = require("node:tls");
  const version = process.env.VERSION;
  const seen = new Map();
  const frame = (text) => {
    const message = Buffer.from(text);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    return Buffer.concat([head, message]);
  };
  const calls = http2().on("stream", async (stream, headers) => {
    stream.on("error", () => {});
    const path = headers[":path"];
    const count = (seen.get(headers["x-key"]) ?? 0) + 1;
    seen.set(headers["x-key"], count);
    if (path === "/wire.Echo/Flaky" && count === 1) {
      return stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "14" }, { endStream: true });
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    for (let message = 0; message < (path === "/wire.Echo/Stream" ? 5 : 1); message++) {
      if (message > 0) await new Promise((resolve) => setTimeout(resolve, 100));
      stream.write(frame(version));
    }
    stream.end();
  });
  http((request, response) => response.end(version)).listen(${ports.http});
  http2((request, response) => response.end(request.httpVersion)).listen(${ports.http2});
  calls.listen(${ports.grpc});
  http2().on("stream", (stream, headers) => calls.emit("stream", stream, headers)).listen(${ports.once});
  tcp((socket) => socket.on("error", () => {}).on("data", (data) => socket.write(version + " " + data))).listen(${ports.tcp});
  tls({ key: process.env.KEY, cert: process.env.CERTIFICATE }, (socket) => socket.on("error", () => {}).on("data", () => socket.end(version))).listen(${ports.tls});`;

/** Where the second service is given files and folders. */
export const paths = {
  text: "/etc/teller/text.conf",
  repository: "/etc/teller/apps.md",
  setting: "/run/teller/token",
  secret: "/run/teller/partner",
  configMap: "/etc/teller/region",
  scratch: "/var/tmp/teller",
} as const;

const teller = `${ending}
  const { readFileSync, writeFileSync } = require("node:fs");
  const { userInfo } = require("node:os");
  const read = (path) => { try { return readFileSync(path, "utf8"); } catch ({ code }) { return code; } };
  const write = (path) => { try { writeFileSync(path, "x"); return "written"; } catch ({ code }) { return code; } };
  require("node:http").createServer((request, response) => {
    const [uid, gid] = [process.getuid(), process.getgid()];
    const files = Object.fromEntries(Object.entries(${JSON.stringify(paths)}).map(([name, path]) => [name, read(path)]));
    const writes = { scratch: write("${paths.scratch}/own"), root: write("/tmp/own") };
    response.end(JSON.stringify({ uid, gid, args: process.argv.slice(1), env: process.env, files, writes, prepared: read("${paths.scratch}/prepared") }));
  }).listen(80);`;

const preparing = `require("node:fs").writeFileSync("${paths.scratch}/prepared", process.env.WHO + " as " + process.getuid());`;

const asking = `fetch("http://${tellerHost}/", { signal: AbortSignal.timeout(5_000) }).then(
  ({ status }) => { console.log("answered " + status); process.exitCode = status === 200 ? 0 : 1; },
  (error) => { console.log(String(error)); process.exitCode = 1; },
)`;

const idle = `${ending} setInterval(() => {}, 60_000)`;

export async function applications(): Promise<ApplicationDeclaration[]> {
  const image = await nodeImage();
  const { certificate: CERTIFICATE, key: KEY } = await certificateOf(["server.example.com"]);
  const client = {
    ...{ image, command: ["node", "--eval", idle], replicas: 1, probes: { ready: "none" } },
    ports: { http: { port: 8080 } },
  } as const;
  return [
    {
      namespace,
      external: { secrets: ["partner"], configMaps: ["regions"] },
      services: {
        teller: {
          image,
          command: ["node", "--eval", teller],
          args: ["first", "second"],
          ports: { http: { port: 80 } },
          probes: { ready: { http: "/ready" }, health: { tcp: 80 } },
          replicas: 1,
          env: {
            TEXT: "as it is",
            TOKEN: { setting: "token" },
            PARTNER: { secret: "partner", key: "key" },
            REGION: { configMap: "regions", key: "home" },
            NODE: { field: "spec.nodeName" },
          },
          container: {
            user: 4242,
            group: 4343,
            scratch: { [paths.scratch]: "8Mi" },
            files: {
              [paths.text]: "listen = 80\n",
              [paths.repository]: { source: "apps/README.md" },
              [paths.setting]: { setting: "token" },
              [paths.secret]: { secret: "partner", key: "key" },
              [paths.configMap]: { configMap: "regions", key: "home" },
            },
          },
          initContainers: { prepare: { command: ["node", "--eval", preparing], env: { WHO: "prepared" } } },
        },
        server: {
          image,
          command: ["node", "--eval", server],
          env: { CERTIFICATE, KEY },
          ports: {
            http: { port: ports.http },
            http2: { port: ports.http2, protocol: "http2" },
            grpc: { port: ports.grpc, protocol: "grpc", idempotent: true },
            once: { port: ports.once, protocol: "grpc" },
            tcp: { port: ports.tcp, protocol: "tcp" },
            tls: { port: ports.tls, protocol: "tls" },
          },
          probes: { ready: { tcp: "tcp" }, health: { exec: ["node", "--version"] }, startWithin: "2m" },
          replicas: 1,
          versions: { v1: {}, v2: { args: ["v2"], weight: share } },
          canary: {},
        },
        caller: {
          ...client,
          calls: [
            { to: "teller" },
            { to: "server", port: "http2" },
            { to: "server", port: "grpc", paths: ["/wire.Echo"] },
            { to: "server", port: "once", paths: ["/wire.Echo/Flaky"] },
            { to: "server", port: "tcp" },
            { to: "server", port: "tls" },
          ],
        },
        stranger: client,
      },
      // Each asks the second service and says what came of it: a worker again and again, a job once.
      workers: {
        worker: { image, command: ["node", "--eval", `${ending} setInterval(() => ${asking}, 500)`], calls: [{ to: "teller" }] },
      },
      jobs: {
        once: { image, command: ["node", "--eval", asking], calls: [{ to: "teller" }], before: ["worker"] },
        nightly: { image, command: ["node", "--eval", asking], calls: [{ to: "teller" }], schedule: "0 3 * * *", retries: 0 },
        refused: { image, command: ["node", "--eval", asking], schedule: "0 3 * * *", retries: 0 },
      },
    },
    { namespace: elsewhere, services: { caller: { ...client, calls: [{ to: `${namespace}/server`, port: "tcp" }] } } },
  ];
}

/** What the stack's encrypted configuration says. */
export const settings = { token: "a-token-of-the-stack" } as const;

/** What somebody else makes beside them. */
export const beside = [
  { apiVersion: "v1", kind: "Secret", metadata: { name: "partner", namespace }, stringData: { key: "a-key-of-a-partner" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "regions", namespace }, data: { home: "north" } },
];
