import { expect, test } from "vitest";
import { meanBetween, metricOf } from "../../../bench/support/prometheus.ts";

const page = (count: number, sum: number) => `
# HELP pushes_seconds How long pushes take.
# TYPE pushes_seconds histogram
pushes_seconds_bucket{type="cds",le="+Inf"} 900
pushes_seconds_sum{type="cds"} ${sum}
pushes_seconds_count{type="cds"} ${count}
pushes_seconds_sum{type="a \\"quoted\\" one"} 1e-3
pushes_seconds_count{type="a \\"quoted\\" one"} 1
pushes_seconds_counted_otherwise 7
proxies 3
`;

test("a metric without labels", () => expect(metricOf(page(1, 1), "proxies")).toBe(3));

test("a metric is the sum of its series, and of none whose name only begins like its own", () => {
  expect(metricOf(page(4, 0.5), "pushes_seconds_count")).toBe(5);
  expect(metricOf(page(4, 0.5), "pushes_seconds_sum")).toBeCloseTo(0.501);
});

test("a metric that is not there counts nothing", () => expect(metricOf(page(1, 1), "pushes")).toBe(0));

test("pages of several servers add up", () => expect(metricOf(`${page(1, 1)}${page(2, 1)}`, "proxies")).toBe(6));

test("what a histogram got between two pages", () => {
  const { count, mean } = meanBetween(page(4, 0.5), page(8, 0.7), "pushes_seconds");
  expect(count).toBe(4);
  expect(mean).toBeCloseTo(0.05);
  expect(meanBetween(page(4, 0.5), page(4, 0.5), "pushes_seconds").mean).toBeNaN();
});
