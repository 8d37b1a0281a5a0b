import { setMaxListeners } from "node:events";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from "@grpc/grpc-js";
import { isMain, runService } from "../../support/main.ts";
import type { Runnable, ServiceOptions } from "../../support/service.ts";
import { Health, type Question, Recommendations, type Recommended } from "./protocol.ts";

/*
 * What goes well with a product, over gRPC. How it chooses is a variable, so that two versions can be told apart by what they say:
 *
 *   STRATEGY=neighbours   those that come next on the shelf (the default)
 *   STRATEGY=opposites    those from the other end of it
 *
 *   /shop.Recommendations/List    once
 *   /shop.Recommendations/Watch   a stream, for as long as it is asked for
 */

export interface RecommendationsOptions extends ServiceOptions {
  readonly strategy: string;
}

/** How many products there are, and how many of them go well with one. */
const shelf = 6;
const most = 3;

/** The longest that a stream may be asked for. */
const limits = { times: 10_000, pause: 60_000 } as const;

export function recommended(product: number, strategy: string): number[] {
  const others = Array.from({ length: shelf - 1 }, (_, index) => ((product + index) % shelf) + 1);
  return (strategy === "opposites" ? others.toReversed() : others).slice(0, most);
}

export function createService({ version, pod, log, strategy }: RecommendationsOptions): Runnable {
  const server = new Server();
  const stopping = new AbortController();
  // As many as there are streams.
  setMaxListeners(0, stopping.signal);
  /** A pause that ends with the service: a stream of long ones would else keep the process. */
  const pauseOf = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {});
  const answerTo = ({ product }: Question): Recommended => ({ products: recommended(product, strategy), version, pod });
  const told = (method: string, question: Question) => log({ level: "info", msg: "request", method, product: question.product });

  server.addService(Recommendations.service, {
    List({ request }: ServerUnaryCall<Question, Recommended>, answer: sendUnaryData<Recommended>) {
      told("List", request);
      answer(null, answerTo(request));
    },
    async Watch(call: ServerWritableStream<Question, Recommended>) {
      const { request } = call;
      told("Watch", request);
      const times = Math.min(request.times ?? 0, limits.times);
      const isOver = () => call.cancelled || stopping.signal.aborted;
      for (let sent = 0; sent < times && !isOver(); sent++) {
        if (sent > 0) await pauseOf(Math.min(request.pause ?? 0, limits.pause));
        if (!isOver()) call.write(answerTo(request));
      }
      call.end();
    },
  });
  server.addService(Health.service, {
    Check(_: unknown, answer: sendUnaryData<{ status: string }>) {
      answer(null, { status: stopping.signal.aborted ? "NOT_SERVING" : "SERVING" });
    },
  });

  const bind = (address: string) =>
    new Promise<number>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });

  return {
    // Of both families, where the node has both.
    listen: (port) => bind(`[::]:${port}`).catch(() => bind(`0.0.0.0:${port}`)),
    async stop(linger, limit) {
      stopping.abort();
      await sleep(linger);
      const timer = setTimeout(() => server.forceShutdown(), limit);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(timer);
    },
  };
}

if (isMain(import.meta.url)) {
  const strategy = process.env.STRATEGY ?? "neighbours";
  runService((options) => createService({ ...options, strategy }), { port: 50_051 });
}
