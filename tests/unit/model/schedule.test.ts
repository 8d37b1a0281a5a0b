import { describe, expect, test } from "vitest";
import { scheduleProblem } from "../../../model/schedule.ts";

/*
 * Texts that Kubernetes takes as a schedule, and those that it does not.
 */

describe("a schedule is", () => {
  test.each([
    ["every minute", "* * * * *"],
    ["once a night", "0 3 * * *"],
    ["the last minute of the year", "59 23 31 12 *"],
    ["the first of all", "0 0 1 1 0"],
    ["every five minutes", "*/5 * * * *"],
    ["a list", "0,15,30,45 * * * *"],
    ["a range", "0 9-17 * * 1-5"],
    ["a range of one", "5-5 * * * *"],
    ["a range with a step", "0-30/10 * * * *"],
    ["from one on, with a step", "5/15 * * * *"],
    ["lists of ranges with steps", "0-10/5,30,40-50/2 */2,23 1,15-20 * *"],
    ["months by name", "0 0 1 jan,JUL-Dec *"],
    ["days by name", "0 0 * * mon-Fri,SAT"],
    ["a range of names and numbers", "0 0 * * mon-5"],
    ["a number with a zero before it", "05 03 * * *"],
  ])("%s", (_what, text) => {
    expect(scheduleProblem(text)).toBeUndefined();
  });
});

describe("a schedule is not", () => {
  test.each([
    ["nothing", ""],
    ["a word", "@daily"],
    ["four fields", "0 3 * *"],
    ["six fields, with seconds", "0 0 3 * * *"],
    ["two spaces between", "0  3 * * *"],
    ["a space around it", " 0 3 * * *"],
    ["tabs between", "0\t3\t*\t*\t*"],
    ["with a zone of time", "TZ=Europe/Berlin 0 3 * * *"],
    ["the sixtieth minute", "60 * * * *"],
    ["the twenty-fourth hour", "0 24 * * *"],
    ["day zero of a month", "0 0 0 * *"],
    ["day 32", "0 0 32 * *"],
    ["month zero", "0 0 1 0 *"],
    ["month 13", "0 0 1 13 *"],
    ["Sunday as the seventh day", "0 0 * * 7"],
    ["a day's name for a month", "0 0 1 mon *"],
    ["a month's name for a day", "0 0 * * jan"],
    ["a name of a minute", "jan * * * *"],
    ["a whole name", "0 0 1 january *"],
    ["a range backwards", "30-10 * * * *"],
    ["a range over the end of the week", "0 0 * * fri-mon"],
    ["a range without an end", "1- * * * *"],
    ["a range without a beginning", "-5 * * * *"],
    ["a range of three", "1-2-3 * * * *"],
    ["a step of nothing", "*/0 * * * *"],
    ["a step of no number", "*/x * * * *"],
    ["a step left out", "*/ * * * *"],
    ["two steps", "*/2/2 * * * *"],
    ["a step alone", "/5 * * * *"],
    ["an empty part of a list", "1,,2 * * * *"],
    ["a part of a number", "1.5 * * * *"],
    ["a question mark", "0 0 ? * *"],
    ["the last day", "0 0 L * *"],
  ])("%s", (_what, text) => {
    expect(scheduleProblem(text)).toBe(
      "five fields with a space between, for minute, hour, day of the month, month and day of the week, such as 0 3 * * *",
    );
  });
});
