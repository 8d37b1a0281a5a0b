import { connect as connectHttp2, constants } from "node:http2";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bringUp, eventually, haveUp, saw } from "../lib/runningStack.ts";
import { echoHost, route, withEcho } from "./support/echo.ts";
import { atGateway } from "./support/envoy.ts";
import { gatewayPods, untilReady } from "./support/pods.ts";
import { askProducts, everywhere, gatewayUrl } from "./support/product.ts";
import { lines, type RawConnection, withRaw } from "./support/raw.ts";
import { deployWith, setOptions } from "./support/settings.ts";

/*
 * What a client may hold of Istio's gateway, whoever it is, and what a client may send by the standards. The bounds are set so
 * short and so small that a test of each takes seconds.
 */

const bounds = {
  ...{ memory: "512Mi", maxConnections: 60, maxStreams: 10, maxHeaderKilobytes: 20, maxHeaders: 40 },
  ...{ headersTimeout: "1s", requestTimeout: "20s", streamIdleTimeout: "3s", idleTimeout: "2s" },
};
const megabyte = 1_000_000;
/** Twice what a pod has. */
const large = 1_000 * megabyte;
const small = 10_000;
/** More than is kept to be sent again unless a service asks for it. */
const retried = 2 * megabyte;
/** A path on which the one limit holds, and one with the other, whatever the host is. */
const [largePath, smallPath] = ["/api/products/any", "/api/any"];
let restarts: readonly [string, number][];

const restartsNow = async () => (await gatewayPods()).map(({ uid, restarts }) => [uid, restarts] as [string, number]).sort();
const host = `host: ${echoHost}`;

beforeAll(async () => {
  await haveUp();
  const { length } = await gatewayPods();
  await deployWith((config) => {
    config["mesh:istioGateway"] = bounds;
    const resilience = { retries: { maxBodyBytes: retried }, pool: { maxConnections: 60 } };
    setOptions(config, "product/product", { exposed: { products: { policies: { maxBodyBytes: large } } }, resilience });
    setOptions(config, "prod/backend", { exposed: { api: { policies: { maxBodyBytes: small } } } });
  });
  // The pods before them serve on for a while.
  await untilReady(gatewayPods, length);
  await everywhere("the bounds", async () => {
    await withRaw(1, async ([it]) => {
      it?.write(lines(`GET / HTTP/1.1`, host, `x-long: ${"x".repeat(25_000)}`));
      expect(await it?.until(/\r\n/)).toMatch(/^HTTP\/1.1 431 /);
    });
  });
  restarts = await restartsNow();
});

afterAll(async () => {
  expect(await restartsNow()).toEqual(restarts);
  await bringUp();
});

/** Waits until a socket takes more, or is closed. */
function untilTaken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      socket.off("drain", goOn).off("close", goOn);
      resolve();
    };
    socket.on("drain", goOn).on("close", goOn);
  });
}

/** Sends a body of so many bytes without saying how many, as fast as it is taken, and returns the answer. */
async function upload(path: string, bytes: number, declared = false, ...headers: string[]): Promise<string> {
  return await withRaw(1, async ([it]) => {
    if (!it) throw new Error("no connection");
    const length = declared ? `content-length: ${bytes}` : "transfer-encoding: chunked";
    it.write(lines(`PUT ${path} HTTP/1.1`, host, length, "connection: close", ...headers));
    const piece = Buffer.alloc(megabyte, "x");
    for (let sent = 0; sent < bytes && it.received() === "" && !it.socket.destroyed; sent += piece.length) {
      const now = piece.subarray(0, Math.min(piece.length, bytes - sent));
      if (!declared) it.write(`${now.length.toString(16)}\r\n`);
      const taken = it.socket.write(now);
      if (!declared) it.write("\r\n");
      if (!taken) await untilTaken(it.socket);
    }
    if (!declared && it.received() === "" && !it.socket.destroyed) it.write("0\r\n\r\n");
    return await it.until(/\r\n\r\n/, 60);
  });
}

describe("bodies", () => {
  test("of more than a pod's memory pass through within their limit, and nothing of them stays", async () => {
    await withEcho(async (echo) => {
      const [most, answers, others] = await atGateway(async (proxies) => {
        let [most, done] = [0, false];
        const watched = (async () => {
          while (!done) for (const proxy of proxies) most = Math.max(most, await proxy.allocated());
        })();
        const others: number[] = [];
        const beside = (async () => {
          while (!done) others.push((await askProducts()).status);
        })();
        const bodies = [
          upload(`${largePath}?read`, 600 * megabyte),
          ...Array.from({ length: 4 }, () => upload(`${largePath}?read`, 49 * megabyte, true)),
        ];
        const answers = await Promise.all(bodies).finally(() => {
          done = true;
        });
        await Promise.all([watched, beside]);
        return [most, answers, others] as const;
      });
      saw(
        `600 MB and 4 × 49 MB through the gateway: at most ${Math.round(most / megabyte)} MB in a proxy; ${others.length} others served`,
      );
      for (const [index, answer] of answers.entries()) {
        expect(answer).toMatch(/^HTTP\/1.1 200 /);
        expect(answer).toContain(`x-received: ${(index === 0 ? 600 : 49) * megabyte}`);
      }
      expect(most).toBeLessThan(150 * megabyte);
      expect(others.length).toBeGreaterThan(0);
      expect(others.filter((status) => status !== 200)).toEqual([]);

      expect(await upload(`${smallPath}?read`, small)).toMatch(/^HTTP\/1.1 200 /);
      expect(await upload(`${smallPath}?read`, small + 1)).toMatch(/^HTTP\/1.1 413 /);
      // The service answers before it has the body; then the answer is broken off, or has been whole before.
      expect(await upload(`${smallPath}?read`, 50 * megabyte)).toMatch(/^(HTTP\/1.1 413 |$)/);

      // The gateway sends again what it has kept, for the service that asks for most.
      for (const [bytes, tries] of [
        [retried - small, route.tries],
        [retried + small, 1],
      ] as const) {
        const key = `${bytes} ${Date.now()}`;
        expect(await upload("/?read&status=503", bytes, true, `x-key: ${key}`)).toMatch(/^HTTP\/1.1 503 /);
        expect([bytes, await echo.reached(key)]).toEqual([bytes, tries]);
      }

      // What goes through a WebSocket is no body.
      await withRaw(1, async ([it]) => {
        it?.write(
          lines(`GET ${smallPath} HTTP/1.1`, host, "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"),
        );
        expect(await it?.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 101 /);
        it?.write("x".repeat(5 * small));
        expect(await it?.until(new RegExp(`x{${5 * small}}`))).toMatch(/x$/);
        // Nothing goes on it any more.
        const closed = await it?.closed(15);
        saw(`a WebSocket on which nothing goes: closed after ${closed?.toFixed(1)} s`);
        expect(closed).toBeDefined();
      });
    });
  });

  test.each<[string, string, string, RegExp]>([
    ["beyond the limit", `POST ${smallPath} HTTP/1.1`, `content-length: ${small + 1}`, /^HTTP\/1.1 413 /],
    ["of a request that the service refuses", `POST /api/products HTTP/1.1`, `content-length: ${large}`, /^HTTP\/1.1 403 /],
  ])("%s are refused before they are sent", async (_what, request, length, expected) => {
    await withRaw(1, async ([it]) => {
      it?.write(lines(request, "host: localhost", length));
      expect(await it?.until(/\r\n/)).toMatch(expected);
    });
  });
});

describe("a client that holds", () => {
  const held = (what: string, text: string, seconds: number, answer: RegExp) => [what, text, seconds, answer] as const;

  test.each([
    held("a header section that does not end", `GET / HTTP/1.1\r\n${host}\r\nx-a: `, 1, /^HTTP\/1.1 408 /),
    held("a connection without a request", "", 2, /^$/),
  ])("%s is cut off", async (_what, text, seconds, answer) => {
    await withRaw(1, async ([it]) => {
      it?.write(text);
      const after = (await it?.closed(seconds + 15)) ?? 0;
      saw(`closed after ${after.toFixed(1)} s`);
      expect(it?.received()).toMatch(answer);
      expect(after).toBeGreaterThan(seconds * 0.9);
    });
  });

  test("many headers is refused", async () => {
    await withRaw(1, async ([it]) => {
      it?.write(lines("GET / HTTP/1.1", "host: localhost", ...Array.from({ length: 50 }, (_, index) => `x-${index}: x`)));
      expect(await it?.until(/\r\n/)).toMatch(/^HTTP\/1.1 431 /);
    });
  });

  test("all connections there are keeps nobody off who is connected, and all others only until it lets go", async () => {
    const asked = lines("GET /api/products HTTP/1.1", "host: localhost");
    const pods = restarts.length;
    const idle = (all: readonly RawConnection[]) => all.filter(({ socket }) => !socket.destroyed);
    await withRaw(pods * bounds.maxConnections * 2, async (all) => {
      await eventually("the connections that are too many closed", 5, async () => {
        expect(idle(all).length).toBeLessThanOrEqual(pods * bounds.maxConnections);
      });
      const open = idle(all);
      saw(`of ${all.length} connections at once ${open.length} stayed open`);
      const [first] = open;
      first?.write(asked);
      expect(await first?.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 200 /);
    });
    await everywhere("an answer", async () => expect((await askProducts()).status).toBe(200));
  });

  test("streams of HTTP/2 has as many as it may, and none that it resets at once", async () => {
    const session = connectHttp2(gatewayUrl());
    const ended = new Promise<number>((resolve) => {
      session.once("goaway", resolve);
      session.once("close", () => resolve(-1));
      session.once("error", () => resolve(-1));
    });
    const settings = await new Promise<{ maxConcurrentStreams?: number }>(
      (resolve) => void session.once("remoteSettings", resolve),
    );
    expect(settings.maxConcurrentStreams).toBe(bounds.maxStreams);
    let sent = 0;
    const flood = async () => {
      while (sent < 20_000 && !session.closed && !session.destroyed) {
        for (let count = 0; count < bounds.maxStreams && !session.closed && !session.destroyed; count += 1) {
          const stream = session.request({ ":path": "/api/products", ":authority": "localhost" });
          stream.on("error", () => {});
          stream.close(constants.NGHTTP2_CANCEL);
          sent += 1;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await flood();
    const code = await ended;
    saw(`after ${sent} requests that were taken back at once the connection was closed (${code})`);
    expect(sent).toBeLessThan(20_000);
    session.destroy();
    expect((await askProducts()).status).toBe(200);
  });
});
