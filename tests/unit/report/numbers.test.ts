import { describe, expect, test } from "vitest";
import * as format from "../../../report/format.ts";

describe("numbers as a person reads them", () => {
  test.each([
    [format.count(20_000), "20,000"],
    [format.milliseconds(0.042_31), "0.0423 ms"],
    [format.milliseconds(133), "133 ms"],
    [format.milliseconds(1_420), "1.42 s"],
    [format.megabytes(31.24), "31.2 MB"],
    [format.megabytes(1_780), "1.78 GB"],
    [format.percent(0.27), "27 %"],
    [format.percent(0.104_5), "10.4 %"],
    [format.many(1, "probe"), "1 probe"],
    [format.many(1_200, "probe"), "1,200 probes"],
    [format.list([]), ""],
    [format.list(["a", "b", "c"]), "a, b and c"],
    [format.rounds({ median: 0.42, least: 0.4, most: 0.512, rounds: [] }, format.milliseconds), "0.42 ms (0.4–0.512)"],
    [format.moment("2026-11-22T08:31:07.000Z"), "22 November 2026 at 08:31 UTC"],
  ])("%s", (written, wanted) => {
    expect(written).toBe(wanted);
  });
});
