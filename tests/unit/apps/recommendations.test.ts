import { once } from "node:events";
import { connect } from "node:http2";
import { type ClientReadableStream, credentials, Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { adviser } from "../../../apps/shop/frontend/recommendations.ts";
import { Health, Recommendations, type Recommended } from "../../../apps/shop/recommendations/protocol.ts";
import { createService, recommended } from "../../../apps/shop/recommendations/server.ts";
import type { Runnable } from "../../../apps/support/service.ts";
import { start as startProgram } from "../support/programs.ts";

/*
 * What goes well with a product, over gRPC, as clients see it.
 */

type Client = InstanceType<typeof Recommendations>;

let services: Runnable[] = [];
let clients: { close(): void }[] = [];
let lines: Readonly<Record<string, unknown>>[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(services.map((service) => service.stop(0, 0)));
  [services, clients, lines] = [[], [], []];
});

async function start(strategy = "neighbours") {
  const service = createService({ version: "v3", pod: "recommendations-v3-xyz", log: (line) => lines.push(line), strategy });
  services.push(service);
  const port = await service.listen(0);
  return { service, port, ...clientsOf(port) };
}

function clientsOf(port: number) {
  const [client, health] = [Recommendations, Health].map((Of) => new Of(`127.0.0.1:${port}`, credentials.createInsecure()));
  if (!client || !health) throw new Error("There are two.");
  clients.push(client, health);
  return { client, health };
}

const call = <T>(client: Client, method: string, question: object) =>
  new Promise<T>((resolve, reject) => {
    client[method]?.(question, (error: Error | null, answer: T) => (error ? reject(error) : resolve(answer)));
  });
const watch = (client: Client, question: object) => client.Watch?.(question) as ClientReadableStream<Recommended>;
const next = async (stream: ClientReadableStream<Recommended>) => (await once(stream, "data"))[0] as Recommended;
const all = async (stream: ClientReadableStream<Recommended>) => {
  const answers: Recommended[] = [];
  for await (const answer of stream) answers.push(answer);
  return answers;
};

describe("what goes well with a product", () => {
  test.each([
    ["neighbours", 1, [2, 3, 4]],
    ["neighbours", 5, [6, 1, 2]],
    ["neighbours", 6, [1, 2, 3]],
    ["opposites", 1, [6, 5, 4]],
    ["opposites", 6, [5, 4, 3]],
    ["whatever", 2, [3, 4, 5]],
  ])("is, by %s, of product %i: %j", (strategy, product, products) => {
    expect(recommended(product, strategy)).toEqual(products);
  });

  test("is never the product itself, and nothing twice", () => {
    for (const strategy of ["neighbours", "opposites"]) {
      for (const product of [1, 2, 3, 4, 5, 6]) {
        const others = recommended(product, strategy);
        expect(others).not.toContain(product);
        expect(new Set(others).size).toBe(3);
      }
    }
  });
});

describe("List", () => {
  test.each([
    ["neighbours", [3, 4, 5]],
    ["opposites", [1, 6, 5]],
  ])("says it once, by %s, and who said so", async (strategy, products) => {
    const { client } = await start(strategy);
    expect(await call(client, "List", { product: 2 })).toEqual({ products, version: "v3", pod: "recommendations-v3-xyz" });
    expect(lines).toEqual([{ level: "info", msg: "request", method: "List", product: 2 }]);
  });
});

describe("Watch", () => {
  test("says it as often as it is asked for, and ends", async () => {
    const { client } = await start();
    const answers = await all(watch(client, { product: 1, times: 3, pause: 1 }));
    expect(answers).toEqual(Array(3).fill({ products: [2, 3, 4], version: "v3", pod: "recommendations-v3-xyz" }));
    expect(await all(watch(client, { product: 1 }))).toEqual([]);
    expect(lines.map(({ method }) => method)).toEqual(["Watch", "Watch"]);
  });
});

describe("told to stop", () => {
  test("it says so to whoever asks for its health, and serves on for a while", async () => {
    const { service, client, health } = await start();
    expect(await call(health, "Check", {})).toEqual({ status: "SERVING" });
    const stopped = service.stop(300, 0);
    expect(await call(health, "Check", { service: "shop.Recommendations" })).toEqual({ status: "NOT_SERVING" });
    expect(await call(client, "List", { product: 1 })).toMatchObject({ products: [2, 3, 4] });
    await stopped;
    await expect(call(client, "List", { product: 1 })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  test("it ends a stream that is open, in whatever pause that is, and no call is lost", async () => {
    const { service, client } = await start();
    const streams = [1, 2].map((product) => watch(client, { product, times: 100, pause: 60_000 }));
    await Promise.all(streams.map(next));
    const ends = streams.map((stream) => once(stream, "status"));
    for (const stream of streams) stream.resume();
    await service.stop(0, 60_000);
    for (const [end] of await Promise.all(ends)) expect(end).toMatchObject({ code: status.OK });
  });

  test("it cuts off, when it has had its time, a call that is never asked to its end", async () => {
    const { service, port } = await start();
    const session = connect(`http://127.0.0.1:${port}`).on("error", () => {});
    await once(session, "connect");
    const headers = { ":method": "POST", ":path": "/shop.Recommendations/List", "content-type": "application/grpc" };
    const stream = session.request(headers, { endStream: false }).on("error", () => {});
    const closed = new Promise((resolve) => stream.on("close", resolve));
    // What is asked after it is answered when it has come.
    await new Promise((resolve) => session.ping(resolve));
    const started = performance.now();
    await service.stop(0, 100);
    expect(performance.now() - started).toBeGreaterThanOrEqual(90);
    await closed;
  });

  test("it waits for nothing of a caller who has gone", async () => {
    const { service, client } = await start();
    const stream = watch(client, { product: 1, times: 100, pause: 60_000 });
    await next(stream);
    const failed = once(stream, "error");
    stream.cancel();
    expect((await failed)[0]).toMatchObject({ code: status.CANCELLED });
    await service.stop(0, 60_000);
  });
});

test("as a process, it speaks by its variables, and ends with a stream open", async () => {
  const env = { PORT: "0", LINGER_MS: "0", DRAIN_MS: "60000", VERSION: "v9", POD_NAME: "pod-9", STRATEGY: "opposites" };
  const program = startProgram("apps/shop/recommendations/server.ts", [], env);
  const { port } = await program.line("listening");
  const { client } = clientsOf(Number(port));
  const stream = watch(client, { product: 1, times: 100, pause: 60_000 });
  expect(await next(stream)).toEqual({ products: [6, 5, 4], version: "v9", pod: "pod-9" });
  const end = once(stream, "end");
  stream.resume();
  program.child.kill("SIGTERM");
  await end;
  client.close();
  expect(await program.ended()).toEqual([0, null]);
  expect(program.lines.map(({ msg }) => msg)).toEqual(["listening", "request", "stopping", "stopped"]);
});

describe("the frontend's question", () => {
  test("is what goes well with a product", async () => {
    const { port } = await start();
    const advice = { products: [2, 3, 4], version: "v3", pod: "recommendations-v3-xyz" };
    expect(await adviser(`127.0.0.1:${port}`, 10_000)(1, {})).toEqual({ recommended: advice });
  });

  test("has the headers that belong to the request", async () => {
    const seen: object[] = [];
    const { port, server } = await listening(({ metadata }, answer) => {
      seen.push(metadata.getMap());
      answer(null, { products: [] });
    });
    await adviser(`127.0.0.1:${port}`, 10_000)(1, { "x-canary": "true", traceparent: "00-ab-cd-01" });
    expect(seen).toEqual([expect.objectContaining({ "x-canary": "true", traceparent: "00-ab-cd-01" })]);
    server.forceShutdown();
  });

  test("is answered with why there is nothing, whoever says so, in time", async () => {
    const { port, server } = await listening((_, answer) => answer({ code: status.UNAVAILABLE, details: "no healthy upstream" }));
    expect(await adviser(`127.0.0.1:${port}`, 10_000)(1, {})).toEqual({ missing: "no healthy upstream" });
    server.forceShutdown();
    const silent = await listening(() => {});
    expect(await adviser(`127.0.0.1:${silent.port}`, 200)(1, {})).toEqual({
      missing: expect.stringContaining("Deadline exceeded"),
    });
    silent.server.forceShutdown();
  });

  /** A server that answers List otherwise. */
  async function listening(
    List: (call: ServerUnaryCall<object, object>, answer: (error: object | null, answer?: object) => void) => void,
  ) {
    const server = new Server();
    server.addService(Recommendations.service, { List, Watch: () => {} });
    const port = await new Promise<number>((resolve) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, bound) => resolve(bound));
    });
    return { server, port };
  }
});
