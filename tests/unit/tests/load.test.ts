import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { count, type Reply, slicesOf, underLoad } from "../../wire/support/load.ts";

const reply = (asked: number, status: number, version?: string): Reply => ({
  ...{ asked, status, version, pod: version && `${version}-pod`, problem: undefined, overloaded: false, ms: 1 },
});

test("slices of time say who answered, and how many requests nobody did; a slice without any is there too", () => {
  const replies = [
    reply(1_000, 200, "v1"),
    reply(1_499, 200, "v2"),
    reply(1_500, 503, "v1"),
    reply(2_600, 0),
    reply(2_999, 200, "v1"),
  ];
  expect(slicesOf(replies, "version", 1_000, 0.5)).toEqual([
    { at: 0, answered: { v1: 1, v2: 1 }, failed: 0 },
    { at: 0.5, answered: {}, failed: 1 },
    { at: 1, answered: {}, failed: 0 },
    { at: 1.5, answered: { v1: 1 }, failed: 1 },
  ]);
  expect(slicesOf(replies.slice(0, 1), "pod", 1_000, 1)).toEqual([{ at: 0, answered: { "v1-pod": 1 }, failed: 0 }]);
});

/** Answers after 20 ms. Told so by a 1, it closes the connections on which nothing is under way, and says so by a 0. */
const server = `
  const { createServer } = require("node:http");
  const { parentPort, workerData } = require("node:worker_threads");
  const server = createServer((_request, response) => setTimeout(() => response.end("{}"), 20));
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  setInterval(() => {
    if (Atomics.load(workerData, 0) === 0) return;
    server.closeIdleConnections();
    Atomics.store(workerData, 0, 0);
  }, 40);`;

// Again where it fails: on a busy machine the server may get no time while this process keeps its own.
test("a connection that was closed while this process was busy is not used again", { retry: 2 }, async () => {
  const close = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(server, { eval: true, workerData: close });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const bePatient = async () => {
    for (let round = 0; round < 5; round++) {
      await pause(100);
      // Timers come next, and only then what came over connections.
      await turn();
      const until = performance.now() + 150;
      while (performance.now() < until);
      Atomics.store(close, 0, 1);
      while (Atomics.load(close, 0) === 1);
    }
  };
  try {
    const replies = await underLoad(200, bePatient, `http://127.0.0.1:${port}/`);
    expect(count(replies).failed).toBe(0);
    expect(replies.length).toBeGreaterThan(50);
  } finally {
    await worker.terminate();
  }
});
