import { request } from "node:http";
import { request as requestSecurely } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { entranceOf, serviceHost } from "../../model/names.ts";
import { binomialBounds } from "../lib/binomial.ts";
import { applyObjects, eventually, haveUp, kubectl, outputs, saw } from "../lib/runningStack.ts";
import { nodeImage, withApplications } from "./support/application.ts";
import { type Answer, exchange } from "./support/exchange.ts";
import { execute } from "./support/execute.ts";
import { createHeld } from "./support/held.ts";
import { gatewayUrl } from "./support/product.ts";

/*
 * One service that gateways offer in many ways: by path, exactly or below, by host, by method; rewritten, redirected, with times of its
 * own, and as streams, which last while its weights shift.
 */

const namespace = "wire-exposures";
const name = "many";
/** Two names of their own, and all right below a third. */
const [own, other, wide] = ["own.example.com", "other.example.com", "wide.example.com"];
/** How long streams are watched, in seconds, and how often something comes on them, in ms. */
const [watched, every] = [60, 250];

/** Says what reached it. Query: `delay=<ms>`. Sends events below `…/events`, and takes WebSockets, on which it sends back what it gets. */
const server = `process.once("SIGTERM", () => process.exit(0));
  const { VERSION: version } = process.env;
  require("node:http").createServer({ keepAliveTimeout: 0 }, ({ method, url, headers }, response) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    if (pathname.endsWith("/events")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write("data: " + version + "\\n\\n"), ${every});
      response.once("close", () => clearInterval(timer));
      return;
    }
    const answer = () => response.end(JSON.stringify({ version, method, url, host: headers.host }));
    setTimeout(answer, Number(searchParams.get("delay") ?? 0));
  }).on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n");
    socket.on("error", () => {}).pipe(socket);
  }).listen(8080);`;

async function application(): Promise<ApplicationDeclaration> {
  const service = {
    ...{ image: await nodeImage(), ports: { http: { port: 8080 } }, replicas: 1 },
    ...{ command: ["node", "--eval", server], probes: { ready: { tcp: "http" } } },
  } as const;
  return {
    namespace,
    services: {
      [name]: {
        ...service,
        replicas: 2,
        versions: { v1: {}, v2: { args: ["v2"], weight: 0 } },
        resilience: { timeout: "2s", retries: { attempts: 1, perTryTimeout: "1s" } },
        exposed: {
          read: { path: "/wire" },
          post: { path: "/wire", methods: ["POST"], policies: { rateLimit: { requests: 1, per: "hour" } } },
          exact: { path: "/wire/exact", exact: true, rewrite: "/internal/status" },
          slow: { path: "/wire/slow", timeout: "10s" },
          quick: { path: "/wire/quick", timeout: "300ms" },
          live: { path: "/wire/live", stream: true },
          old: { path: "/wire-old", redirect: { path: "/wire" } },
          away: { path: "/wire-away", redirect: { host: own, path: "/any", code: 302 } },
          own: { path: "/wire", hosts: [own], rewrite: "/" },
          root: { path: "/", hosts: [own, `*.${wide}`], exact: true, policies: { addresses: { allow: ["192.0.2.0/24"] } } },
          wide: { path: "/", hosts: [`*.${wide}`], methods: ["GET", "DELETE"] },
        },
      },
      caller: {
        ...service,
        command: ["node", "--eval", "setInterval(() => {}, 60_000)"],
        ...{ probes: { ready: "none" }, calls: [{ to: name }] },
      },
    },
  } as ApplicationDeclaration;
}

type ObjectOf = { readonly kind: string; readonly metadata: { readonly name: string }; readonly spec?: Record<string, unknown> };

/** The rules of the service, as they are made. */
const rules: object[] = [];
/** Kong's own kinds are not known here. What else is there for Kong is: the caller sees it in Kong's place. */
function adapted(object: object): object {
  const { kind, metadata } = object as ObjectOf;
  if (kind === "VirtualService") rules.push(object);
  if (kind !== "Sidecar" || metadata.name !== "caller") return object;
  return { ...object, spec: { ...(object as ObjectOf).spec, egress: [{ hosts: ["./*"] }] } };
}

const held = createHeld();

beforeAll(async () => {
  await haveUp();
  const given = {
    applications: [await application()],
    adapted,
    offered: ["shop.example.com", own, other, `*.${wide}`],
    kong: true,
  };
  await held.open((hold) => withApplications(given, hold));
  await eventually("the gateway to know its routes", 60, async () => {
    for (const [path, expected] of [["/wire", 200] as const, ["/wire-old", 308] as const]) {
      if ((await ask("GET", path)).status !== expected) throw new Error(`${path} is not answered`);
    }
    if ((await ask("GET", "/wire", own)).status !== 200) throw new Error(`${own} is not answered`);
  });
});

afterAll(() => held.close());

/**
 * Asks over HTTP, or under a host over HTTPS, whose certificate is another's here.
 *
 * @param written - the host as the request writes it. @default with the port
 */
function ask(method: string, path: string, host?: string, written?: string): Promise<Answer> {
  const plain = new URL(gatewayUrl());
  const port = Number(new URL(String(outputs().urls.istioHttps)).port || 443);
  const common = { method, path, agent: false, timeout: 15_000 };
  return exchange((answered) =>
    host === undefined
      ? request({ ...common, hostname: plain.hostname, port: plain.port || 80 }, answered)
      : requestSecurely(
          {
            ...common,
            hostname: plain.hostname,
            port,
            servername: host,
            rejectUnauthorized: false,
            headers: { host: written ?? `${host}:${port}` },
          },
          answered,
        ),
  );
}

/** What reached the service. */
async function reached(path: string, host?: string, method = "GET", written?: string): Promise<string> {
  const { status, body } = await ask(method, path, host, written);
  if (status !== 200) return String(status);
  if (!body.startsWith('{"version"')) return "another service";
  const told = JSON.parse(body) as { readonly method: string; readonly url: string };
  return `${told.method} ${told.url}`;
}

/** What came on a stream, and when, in ms since it began. */
interface Stream {
  readonly times: number[];
  readonly ended: () => boolean;
  close(): void;
}

function events(): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const sent = request(`${gatewayUrl()}/wire/live/events`, { agent: false }, (response) => {
      const stream = watch(response, () => sent.destroy());
      response.once("data", () => resolve(stream));
    });
    sent.once("error", reject).end();
  });
}

function webSocket(): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "bWVzaG1lc2htZXNobWVzaA==",
    };
    const sent = request(`${gatewayUrl()}/wire/live`, { agent: false, headers });
    sent.once("upgrade", (_, socket) => {
      const timer = setInterval(() => socket.write("are you there?"), every);
      const stream = watch(socket, () => socket.destroy());
      socket.once("close", () => clearInterval(timer)).once("data", () => resolve(stream));
    });
    sent.once("response", ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
    sent.once("error", reject).end();
  });
}

function watch(source: NodeJS.EventEmitter, close: () => void): Stream {
  const began = Date.now();
  const times: number[] = [];
  let ended = false;
  source.on("data", () => times.push(Date.now() - began));
  for (const event of ["close", "end", "error"]) {
    source.on(event, () => {
      ended = true;
    });
  }
  return { times, close, ended: () => ended };
}

describe("which way a request goes", () => {
  test.each<[string, string, string | undefined, string]>([
    ["a path, and all below it", "/wire/any?a=1", undefined, "GET /wire/any?a=1"],
    ["no path that only begins alike", "/wireless", undefined, "404"],
    ["exactly a path, which the service knows by another name", "/wire/exact?a=1", undefined, "GET /internal/status?a=1"],
    ["what is below that is of the path above", "/wire/exact/below", undefined, "GET /wire/exact/below"],
    ["a host's own path goes before that of all hosts", "/wire/any?a=1", own, "GET /any?a=1"],
    ["what a host has not for itself is as at all hosts", "/wire/live", other, "GET /wire/live"],
    ["what one host has others have not", "/any", other, "404"],
    ["any host below a name", "/any", `a.${wide}`, "GET /any"],
    ["which takes everything there", "/wire/exact", `b.${wide}`, "GET /wire/exact"],
  ])("%s", async (_, path, host, expected) => {
    expect(await reached(path, host)).toBe(expected);
  });

  test.each<[string, string, string | undefined, string | undefined]>([
    ["to another path, whatever is below", "/wire-old/below?a=1", undefined, "/wire?a=1"],
    ["to another host over HTTPS", "/wire-away/below?a=1", undefined, `https://${own}:<port>/any?a=1`],
  ])("%s clients are sent", async (_, path, host, expected) => {
    const { status, headers } = await ask("GET", path, host);
    const port = new URL(String(outputs().urls.istioHttps)).port;
    const { location = "" } = headers;
    expect([status, location.replace(gatewayUrl(), "")]).toEqual([
      path.startsWith("/wire-old") ? 308 : 302,
      expected?.replace("<port>", port),
    ]);
  });

  test("plain HTTP to a host with a certificate is sent to HTTPS, below a name too", async () => {
    const at = (host: string) =>
      exchange((answered) => request(`${gatewayUrl()}/any`, { agent: false, timeout: 10_000, headers: { host } }, answered));
    const port = new URL(String(outputs().urls.istioHttps)).port;
    for (const host of [own, `a.${wide}`]) {
      const { status, headers } = await at(host);
      expect([status, headers.location]).toEqual([301, `https://${host}:${port}/any`]);
    }
  });

  test("one path with several methods: each has its own policies, and what none has is refused", async () => {
    expect(await reached("/wire", undefined, "POST")).toBe("POST /wire");
    const limited = await Promise.all(Array.from({ length: 8 }, () => reached("/wire/any", undefined, "POST")));
    expect(limited).toContain("429");
    expect(new Set(await Promise.all(Array.from({ length: 8 }, () => reached("/wire/any"))))).toEqual(new Set(["GET /wire/any"]));
    expect(await reached("/wire", undefined, "PUT")).toBe("403");
    // What another exposure allows, at the service, is none of this one's.
    expect(await reached("/wire", undefined, "DELETE")).toBe("403");
    expect(await reached("/wire", `a.${wide}`, "POST")).toBe("403");
    expect(await reached("/any", `a.${wide}`, "DELETE")).toBe("DELETE /any");
    // Of one host's exposure: at another one it is the page's, which takes none.
    expect(await reached("/any", other, "DELETE")).toBe("403");
  });

  test("a policy holds at its hosts and path alone, however a client writes the host", async () => {
    for (const host of [own, `a.${wide}`, `A.${wide.toUpperCase()}`]) expect(await reached("/", host)).toBe("403");
    for (const written of [own, `${own}:9999`, `${own}.`, `${own}.:9999`, own.toUpperCase()])
      expect([written, await reached("/", own, "GET", written)]).toEqual([written, "403"]);
    // Envoy takes these for the same host, with a port.
    for (const written of [`${own}:`, `${own}:x`, `${own}:x:1`, `a:1.${wide}:1`, `[x].${wide}`, `[a:b].${wide}`, `x]:1.${wide}`])
      expect([written, await reached("/", own, "GET", written)]).toEqual([written, expect.stringMatching(/^40[034]$/)]);
    expect(await reached("/below", `a.${wide}`)).toBe("GET /below");
    expect(await reached("/", other)).toBe("another service");
  });
});

describe("time", () => {
  test("a path has its own, above and below the service's", async () => {
    const timed = async (path: string) => {
      const began = Date.now();
      const got = await reached(path);
      return { got, ms: Date.now() - began };
    };
    const [usual, slow, quick] = await Promise.all(["any", "slow", "quick"].map((path) => timed(`/wire/${path}?delay=3000`)));
    saw(`an answer that takes 3 s: ${[usual, slow, quick].map((one) => `${one?.got} after ${one?.ms} ms`).join(", ")}`);
    expect([usual?.got, slow?.got, quick?.got]).toEqual(["504", "GET /wire/slow?delay=3000", "504"]);
    expect(quick?.ms).toBeLessThan(usual?.ms ?? 0);
  });

  test("inside the mesh, where Kong asks by a Service of each such exposure, it is the same", async () => {
    const at = (exposure: string) => `http://${serviceHost(entranceOf(name, exposure, namespace))}:8080`;
    const urls = [`${at("slow")}/wire/slow?delay=3000`, `${at("quick")}/wire/quick?delay=3000`, `${at("exact")}/wire/exact?a=1`];
    const program = `Promise.all(${JSON.stringify(urls)}.map(async (url) => {
        const answer = await fetch(url);
        return answer.status === 200 ? (await answer.json()).url : answer.status;
      })).then((all) => console.log(JSON.stringify(all)))`;
    await eventually("the caller's proxy to know them", 30, async () => {
      const answers = JSON.parse(await execute(namespace, "caller", program)) as unknown[];
      expect(answers).toEqual(["/wire/slow?delay=3000", 504, "/internal/status?a=1"]);
    });
  });
});

test(`server-sent events and a WebSocket go on for ${watched} s while weights shift, and other requests follow these`, async () => {
  const streams = await Promise.all([events(), webSocket()]);
  try {
    const began = Date.now();
    for (const share of [50, 100, 20, 0]) {
      await applyObjects(rules.map((object) => withShare(object, share)));
      await eventually("requests to follow the weights", 30, async () => {
        const versions = await Promise.all(Array.from({ length: 200 }, async () => (await ask("GET", "/wire")).body));
        const v2 = versions.filter((body) => body.includes('"version":"v2"')).length;
        const { least, most } = binomialBounds(versions.length, share / 100);
        saw(`${v2} of ${versions.length} to v2, within ${least}–${most}`);
        if (v2 < least || v2 > most) throw new Error(`${v2} of ${versions.length} went to v2`);
      });
      await pause(Math.max(0, began + (watched * 1_000 * ([50, 100, 20, 0].indexOf(share) + 1)) / 4 - Date.now()));
    }
    const gaps = streams.map(({ times }) => Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0))));
    saw(`${streams.map(({ times }) => times.length).join(" and ")} messages, at most ${gaps.join(" and ")} ms between two`);
    expect(streams.map(({ ended }) => ended())).toEqual([false, false]);
    for (const { times } of streams) expect(times.at(-1)).toBeGreaterThan((watched - 2) * 1_000);
    // Neither is kept back: parts come as they are sent.
    for (const gap of gaps) expect(gap).toBeLessThan(5_000);
  } finally {
    for (const stream of streams) stream.close();
  }
});

/** A rule with other weights of both versions. */
function withShare(object: object, share: number): object {
  const { spec } = object as { readonly spec: { readonly http: readonly { readonly route?: readonly object[] }[] } };
  const weights = [100 - share, share];
  const http = spec.http.map((rule) =>
    rule.route?.length === 2 ? { ...rule, route: rule.route.map((to, index) => ({ ...to, weight: weights[index] })) } : rule,
  );
  return { ...object, spec: { ...spec, http } };
}

test("each of the stack's own paths is as before when the application is gone", async () => {
  await held.close();
  expect(await reached("/wire")).toBe("404");
  await expect(kubectl("get", "virtualservice", `routes.of.${own}`, "--namespace=istio-ingress")).rejects.toThrow(/not found/);
});
