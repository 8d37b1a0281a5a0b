import { expect, test } from "@jest/globals";
import { type Reply, slicesOf } from "../../wire/support/load.ts";

const reply = (asked: number, status: number, version?: string): Reply => ({
  ...{ asked, status, version, pod: version && `${version}-pod`, overloaded: false, ms: 1 },
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
