import { describe, expect, test } from "vitest";
import type { Run } from "../../../lib/lastRuns.ts";
import { middles, runsOf } from "../../../report/charts/slices.ts";
import { countRequests, headlines } from "../../../report/headlines.ts";
import type { Recorded, Records, Topic } from "../../../report/records.ts";
import * as baseline from "../../../report/sections/baseline.ts";
import * as canary from "../../../report/sections/canary.ts";
import * as ejection from "../../../report/sections/ejection.ts";
import * as faults from "../../../report/sections/faults.ts";
import * as growth from "../../../report/sections/growth.ts";
import * as matrix from "../../../report/sections/matrix.ts";
import { architectureGraph, callGraphOf } from "../../../report/sections/platform.ts";
import * as program from "../../../report/sections/program.ts";
import * as revocation from "../../../report/sections/revocation.ts";
import * as shifting from "../../../report/sections/shifting.ts";
import * as start from "../../../report/sections/start.ts";
import * as timeline from "../../../report/sections/timeline.ts";
import { records, roundsAround } from "../../lib/records.ts";

const [, freshRun] = records.timeline.data.runs as [Run, Run];
const [fromPodToPod] = records.baseline.data.ways as [Records["baseline"]["ways"][number]];

const probe = { from: "a/b", to: "c/d", request: "GET /", allowed: true, seen: "200", held: true };
const split = { weight: 10, connections: "kept", requests: 2_000, v2: 210, failed: 0, least: 155, most: 245 } as const;
const slice = (at: number, failed: number) => ({ at, answered: { v1: 1 }, failed });

describe("captions say what their picture shows, with its numbers", () => {
  test.each([
    [
      matrix.captionOf(records.matrix.data.probes),
      "110 probes between 20 pairs, all of them came back as declared: 11 answered and 99 refused.",
    ],
    [
      matrix.captionOf([probe, { ...probe, held: false }]),
      "2 probes between 1 pair, 1 did not come back as declared: 1 answered and 0 refused.",
    ],
    [
      revocation.captionOf({ busy: [3, 1, 2], idle: [1_900] }),
      "The last request was let through after 2 ms (p50) and 3 ms (worst) with busy clients in 3 writes and 1.9 s (p50) and 1.9 s (worst) with idle clients in 1 write.",
    ],
    [
      canary.captionOf([split, { ...split, v2: 300, failed: 3 }]),
      "1 of 2 splits over 4,000 requests lie within their bounds, the farthest 5 points off, and 3 requests failed.",
    ],
    [
      shifting.captionOf(records.shifting.data),
      "The weight moved by way of 20 %, 40 %, 60 %, 80 % and 100 % under 12,000 requests, of which 0 failed.",
    ],
    [
      shifting.convergenceCaption([120, 130, 1_200]),
      "After 3 writes, the last proxy had the change after 130 ms (p50) and 1.2 s (p99).",
    ],
    [
      faults.captionOf(records.faults.data),
      "5 faults: 0 of 10,500 requests failed in the 3 where none may, 168 of 6,020 requests in the others, and after 42.3 s at most all was well again.",
    ],
    [
      growth.captionOf(records.growth.data.sizes),
      "For each hundred services more, a sidecar’s Envoy takes 0.2 MB more with scopes and 11 MB more without, its container 0.2 MB more with scopes and 15 MB more without, and a change 10 ms more with scopes and 90 ms more without.",
    ],
    [
      program.captionOf(records.program.data),
      "Each further service costs a preview 21 ms, an update 180 ms and 0.9 MB of memory, up to 500 services; where the state is written after each step, an update of 100 services takes 205 s.",
    ],
    [
      baseline.captionOf(fromPodToPod),
      "The declared application takes 104 % (101–108 %) of the time of Istio by itself at p50, 104 % (101–108 %) of its processor time, and 104 % (101–108 %) of its memory for each proxy: medians of 5 rounds, with what they are at 95 %.",
    ],
    [
      timeline.captionOf(freshRun),
      "44.2 s on the stack local, on 22 November 2026 at 08:31 UTC: 3 steps, and 3 resources that changed, of which 2 that took 1 s or more are drawn.",
    ],
    [
      start.captionOf(records.start.data.steps),
      "50.2 s from nothing to the first answer in 6 steps, of which “nodes” takes 17.2 s: medians of 5 rounds.",
    ],
  ])("%s", (caption, wanted) => {
    expect(caption).toBe(wanted);
  });

  test("of growth: what is but noise is nothing", () => {
    const flat = records.growth.data.sizes.map((size, index) => ({ ...size, sidecar: roundsAround(7.5 + index / 1e4) }));
    expect(growth.captionOf(flat)).toContain("Envoy takes nothing more with scopes and nothing more without,");
  });

  test("of an ejection: what happened when, and how many requests it cost", () => {
    expect(ejection.captionOf(records.ejection.data)).toMatch(
      /^Pod 6wcfh: .*ejected after 7 s.* and back after 37 s; 60 of [\d,]+ requests failed.*every 10 s.*for 30 s/,
    );
    expect(ejection.podsOf(records.ejection.data)[0]).toBe(records.ejection.data.failing);
  });
});

describe("pictures", () => {
  test("a timeline draws resources in the order in which they began, and of too many those that took longest", () => {
    const taking = (seconds: number, from = 0) => ({ what: `${seconds} s from ${from}`, from, to: from + seconds });
    const named = (spans: Parameters<typeof timeline.drawn>[0]) => timeline.drawn(spans).map(({ what }) => what);
    expect(named([taking(2, 7), taking(0.9), taking(1, 3)])).toEqual(["1 s from 3", "2 s from 7"]);
    const many = Array.from({ length: 60 }, (_, index) => taking(60 - index, index));
    expect(named(many)).toEqual(many.slice(0, 24).map(({ what }) => what));
  });

  test("a scale of times has round numbers, and few of them", () => {
    expect(baseline.round(0.04, 200)).toEqual([0.1, 1, 10, 100]);
    expect(baseline.round(0.3, 4)).toEqual([0.5, 1, 2]);
  });

  test("a cell of the matrix counts the probes of its pair by what came of them", () => {
    const all = [
      probe,
      { ...probe, allowed: false, seen: "403" },
      { ...probe, allowed: false, held: false },
      { ...probe, to: "e/f" },
    ];
    expect(matrix.pairsOf(all)).toEqual([
      { from: "a/b", to: "c/d", allowed: 1, refused: 1, broken: 1 },
      { from: "a/b", to: "e/f", allowed: 1, refused: 0, broken: 0 },
    ]);
  });

  test("a weight holds from its mark until the next, and none after a mark that names none", () => {
    const marks = [
      { at: 1, what: "20 %" },
      { at: 3, what: "100 %" },
    ];
    expect(shifting.stepsOf(marks, 9)).toEqual([
      { at: 1, weight: 20 },
      { at: 3, weight: 100 },
      { at: 9, weight: 100 },
    ]);
    expect(shifting.stepsOf([...marks, { at: 5, what: "back" }], 9).at(-1)).toEqual({ at: 5, weight: 100 });
  });

  test("what a slice counts is drawn at its middle", () => {
    expect(middles([slice(0, 0), slice(2, 0)]).map(({ at }) => at)).toEqual([1, 3]);
    expect(middles([slice(4, 0)]).map(({ at }) => at)).toEqual([4]);
  });

  test("failures that follow each other are one number, in their middle", () => {
    expect(runsOf([slice(0, 0), slice(1, 2), slice(2, 4), slice(3, 0), slice(4, 1)])).toEqual([
      { at: 1.5, failed: 6 },
      { at: 4, failed: 1 },
    ]);
    expect(runsOf([slice(0, 0)])).toEqual([]);
  });

  test("the architecture has every pod that is ready: by workload where requests pass, else by namespace", () => {
    const { nodes, edges } = architectureGraph(records.platform.data);
    const dots =
      nodes
        .flatMap(({ lines }) => lines)
        .join("")
        .split("●").length - 1;
    expect(dots).toBe(23);
    expect(nodes.find(({ id }) => id === "product/product")).toMatchObject({ lines: ["product", "●●●●●"], group: "product" });
    expect(nodes.find(({ id }) => id === "kube-system/")?.lines).toContain("kube-proxy ●●●");
    expect(edges[0]).toEqual({ from: "outside", to: "istio-ingress/istio-ingressgateway" });
  });

  test("the call graph has every declared call, with its methods above its path", () => {
    const { edges } = callGraphOf(records.platform.data.edges);
    expect(edges).toHaveLength(6);
    expect(edges).toContainEqual({ from: "prod/frontend", to: "prod/backend", lines: ["GET, HEAD", "/api/catalog"] });
  });
});

describe("headlines", () => {
  test("count all requests, and those of them that may not fail", () => {
    // Canary, shifting and the three faults; then ejection, probes and the other two.
    expect(countRequests(records)).toEqual({ all: 34_500 + 6_984 + 110 + 6_020, strict: 12_000 + 12_000 + 10_500, failed: 0 });
  });

  test("say what is as promised", () => {
    const kept = headlines(records).filter(({ kept }) => kept !== undefined);
    expect(kept).toHaveLength(4);
    expect(kept.map(({ kept }) => kept)).not.toContain(false);
  });

  test.each<[string, Topic, unknown]>([
    ["a request that failed", "shifting", { ...records.shifting.data, failed: 1 }],
    ["a probe that did not hold", "matrix", { probes: [probe, { ...probe, held: false }] }],
    ["a permission that lasted", "revocation", { ...records.revocation.data, idle: [2_001] }],
    ["a split beyond its bounds", "canary", { splits: [{ ...split, v2: 246 }] }],
  ])("say what is not: %s", (_what, topic, data) => {
    const recorded = { ...records[topic], data } as Recorded<Topic>;
    expect(headlines({ [topic]: recorded }).map(({ kept }) => kept)).toContain(false);
  });

  test("leave out what nobody recorded", () => {
    expect(headlines({})).toEqual([]);
    expect(headlines({ start: records.start })).toEqual([{ value: "50.2 s", label: "from nothing to the first answer" }]);
  });
});
