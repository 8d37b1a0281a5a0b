import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { Agent as SecureAgent } from "node:https";
import { connect, type LookupFunction } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionOptions, connect as connectSecurely, type TLSSocket } from "node:tls";
import {
  type Asked,
  type Call,
  type Called,
  type Conversation,
  certificates,
  type Heard,
  type Inside,
  type Kept,
  type Order,
  type Probe,
  type Seen,
  type Target,
} from "./protocol.ts";

/*
 * Runs in a pod: takes orders from its standard input, one a line, and answers on its standard output.
 */

/** PostgreSQL's question whether it speaks TLS, which it answers with one letter. */
const greeting = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** What a proxy of the mesh says as a client. */
function secured({ tls }: Target): ConnectionOptions {
  const own = () => ({
    cert: readFileSync(`${certificates}/cert-chain.pem`),
    key: readFileSync(`${certificates}/key.pem`),
  });
  // Whose certificate it is, is what is asked here, and not for the connection to decide.
  return { ALPNProtocols: ["istio"], rejectUnauthorized: false, ...(tls === "own" ? own() : {}) };
}

function open(target: Target, ready: () => void) {
  const { host, port, tls } = target;
  return tls === undefined
    ? connect({ host, port, lookup: lookUpOnce }, ready)
    : connectSecurely({ host, port, ...secured(target) }, ready);
}

const lookUpOnce: LookupFunction = (host, { all }, found) => {
  addressOf(host).then(
    (address) => (all ? found(null, [{ address, family: 4 }]) : found(null, address, 4)),
    (error: NodeJS.ErrnoException) => found(error, ""),
  );
};

/** Sockets rather than a client of HTTP, which would tidy paths and methods up before it sends them. */
function send(probe: Probe): Promise<Seen> {
  const { host, port, method, path, headers = { host: `${host}:${port}` } } = probe;
  const fields = Object.entries({ ...headers, connection: "close", "content-length": "0" });
  const made = `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const text = probe.text ?? (method === undefined ? undefined : made);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = open(probe, () => socket.write(text ?? greeting));
    const end = (error?: string) => {
      socket.destroy();
      const came = Buffer.concat(chunks).toString("latin1");
      if (text === undefined) return resolve({ greeted: /^[SN]/.test(came), ...(error !== undefined && { error }) });
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(came) ?? [];
      if (status === undefined) return resolve({ error: error ?? "closed" });
      const body = came.slice(came.indexOf("\r\n\r\n") + 4);
      resolve({ status: Number(status), denied: body.includes("RBAC: access denied"), body: body.slice(0, 4_000) });
    };
    socket.setTimeout(15_000, () => end("no answer"));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      // Some answers have no end.
      if (text === undefined || /\r\ncontent-type: text\/event-stream[\s\S]*\r\n\r\n/.test(chunk.toString("latin1"))) end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on("close", () => end());
  });
}

/** Tries again for ten seconds while something is lost, where that is asked for. */
async function patiently<T>(attempt: () => Promise<T>, lost: (seen: T) => boolean, patient = false): Promise<T> {
  for (let tries = 1; ; tries++) {
    const seen = await attempt();
    if (!lost(seen) || !patient || tries === 20) return seen;
    await sleep(500);
  }
}

const sendPatiently = (probe: Probe) =>
  patiently(
    () => send(probe),
    ({ status, greeted }) => (status === undefined ? !greeted : status === 503),
    probe.patient,
  );

/** An empty message of gRPC: not compressed, of no length. */
const emptyMessage = Buffer.alloc(5);

const addresses = new Map<string, Promise<string>>();

/** A host's address, looked up once: the cluster tries many names for each, which would take longer than a call. */
function addressOf(host: string): Promise<string> {
  const known = addresses.get(host) ?? lookup(host).then(({ address }) => address);
  addresses.set(host, known);
  known.catch(() => addresses.delete(host));
  return known;
}

async function call({ host, port, path, headers = {} }: Call): Promise<Called> {
  const address = await addressOf(host);
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${host}:${port}`, { createConnection: () => connect({ host: address, port }) });
    let [status, grpc]: [number, number | undefined] = [0, undefined];
    const chunks: Buffer[] = [];
    const read = (given: Readonly<Record<string, unknown>>) => {
      status = Number(given[":status"] ?? status);
      if (given["grpc-status"] !== undefined) grpc = Number(given["grpc-status"]);
    };
    const end = () => {
      session.destroy();
      resolve({ status, ...(grpc !== undefined && { grpc }), messages: messagesOf(Buffer.concat(chunks)) });
    };
    session.on("error", end);
    session.setTimeout(20_000, end);
    const sent = session.request({
      ...{ ":method": "POST", ":path": path },
      ...{ "content-type": "application/grpc", te: "trailers", ...headers },
    });
    sent.on("response", read);
    sent.on("trailers", read);
    sent.on("data", (chunk: Buffer) => chunks.push(chunk));
    sent.on("error", end);
    sent.on("close", end);
    sent.end(emptyMessage);
  });
}

/** The messages of a body of gRPC: each after a byte of flags and its length. */
function messagesOf(body: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const length = body.readUInt32BE(at + 1);
    messages.push(body.toString("utf8", at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
}

async function converse({ host, port, text, secure = false }: Conversation): Promise<Heard> {
  const address = await addressOf(host);
  return new Promise((resolve) => {
    let names: string | undefined;
    const say = () => socket.write(text);
    const end = (said: string) => {
      socket.destroy();
      resolve({ said, ...(names !== undefined && { names }) });
    };
    const socket = secure
      ? connectSecurely({ host: address, port, servername: host, rejectUnauthorized: false }, () => {
          names = (socket as TLSSocket).getPeerCertificate().subjectaltname;
          say();
        })
      : connect({ host: address, port }, say);
    socket.setTimeout(10_000, () => end(""));
    socket.once("data", (chunk: Buffer) => end(chunk.toString()));
    socket.once("error", () => end(""));
    socket.once("close", () => end(""));
  });
}

/** Does it for all of them, eight at once; the results are in their order. */
async function forAll<A, T>(all: readonly A[], one: (given: A) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  const left = [...all.entries()];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) done[next[0]] = await one(next[1]);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return done;
}

/** A client that has one connection, and opens another when that was closed. */
function client(target: Target, { path, headers = {} }: Kept) {
  const { host, port, tls } = target;
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = tls === undefined ? new Agent(options) : new SecureAgent({ ...options, ...secured(target) });
  const protocol = tls === undefined ? "http:" : "https:";
  return {
    close: () => agent.destroy(),
    ask: () =>
      new Promise<Asked>((resolve) => {
        const at = Date.now();
        const reply = (status: number) => resolve({ at, status, ms: Date.now() - at, kept: sent.reusedSocket });
        const sent = request({ protocol, host, port, path, headers, agent, timeout: 40_000 }, (response) => {
          response.resume();
          response.once("end", () => reply(response.statusCode ?? 0));
          response.once("error", () => reply(0));
        });
        sent.once("timeout", () => sent.destroy());
        sent.once("error", () => reply(0));
        sent.end();
      }),
  };
}

let busy = false;
let asked: Asked[] = [];
let opened: ReturnType<typeof client>[] = [];

const inside: Inside = {
  async clock() {
    return Date.now();
  },

  call: (calls) =>
    forAll(calls, (one) =>
      patiently(
        () => call(one),
        ({ status, grpc }) => status === 0 || status === 503 || grpc === 14,
        one.patient,
      ),
    ),

  converse: (conversations) =>
    forAll(conversations, (one) =>
      patiently(
        () => converse(one),
        ({ said }) => said === "",
        one.patient,
      ),
    ),

  probe: (probes) => forAll(probes, sendPatiently),

  handshake(target, authority) {
    return new Promise((resolve, reject) => {
      const options = { ...secured(target), ca: authority, checkServerIdentity: () => undefined };
      const socket = connectSecurely({ host: target.host, port: target.port, ...options }, () => {
        const { subjectaltname = "", serialNumber, valid_from, valid_to } = socket.getPeerCertificate();
        const lifetime = (Date.parse(valid_to) - Date.parse(valid_from)) / 1_000;
        const presented = { names: subjectaltname, serial: serialNumber, lifetime, trusted: socket.authorized };
        // In TLS 1.3 a client has its part done before the server has judged it.
        const end = (refused?: string) => {
          socket.destroy();
          resolve({ ...presented, refused });
        };
        socket.removeAllListeners("error");
        socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
        socket.once("close", () => end("closed"));
        socket.once("data", () => end());
        socket.write("GET / HTTP/1.1\r\nhost: wire\r\nconnection: close\r\n\r\n");
      });
      socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
      socket.once("error", reject);
    });
  },

  async keepBusy(kept, pause) {
    busy = true;
    for (const target of kept.targets) {
      const { ask, close } = client(target, kept);
      void (async () => {
        while (busy) {
          asked.push(await ask());
          await sleep(pause);
        }
        close();
      })();
    }
  },

  async taken() {
    const since = asked;
    asked = [];
    return since;
  },

  async stop() {
    busy = false;
  },

  async open(kept) {
    opened = kept.targets.map((target) => client(target, kept));
    const untilAnswered = async ({ ask }: (typeof opened)[number]) => {
      for (let tries = 0; (await ask()).status !== 200; tries++) {
        if (tries === 100) throw new Error("no 200 on a new connection");
        await sleep(100);
      }
    };
    await Promise.all(opened.map(untilAnswered));
  },

  async askOpened(times) {
    const all = await Promise.all(
      opened.map(async ({ ask }, index) => {
        await sleep(Math.max(0, (times[index] ?? 0) - Date.now()));
        return ask();
      }),
    );
    for (const { close } of opened) close();
    return all;
  },

  async askAll(kept) {
    const clients = kept.targets.map((target) => client(target, kept));
    const all = await Promise.all(clients.map(({ ask }) => ask()));
    for (const { close } of clients) close();
    return all;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, what, args } = JSON.parse(line) as Order;
  const run = inside[what] as (...given: readonly unknown[]) => Promise<unknown>;
  const answer = (rest: object) => process.stdout.write(`${JSON.stringify({ id, ...rest })}\n`);
  void run(...args).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: String(error) }),
  );
}
process.exit(0);
