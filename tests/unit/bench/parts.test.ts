import { expect, test } from "vitest";
import { generatedApplications } from "../../../bench/platform/applications.ts";
import { field } from "../../../bench/support/cgroups.ts";
import { addressOf } from "../../../bench/support/syntheticServices.ts";
import { stepsOf } from "../../../bench/support/upTimings.ts";
import { Timings } from "../../../cli/support/timings.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { factsOf } from "../../lib/shop.ts";

test.each([1, 10, 25, 500])("%d generated services are applications that the platform takes", (services) => {
  const applications = generatedApplications(services);
  expect(applications.flatMap((application) => Object.keys(application.services ?? {}))).toHaveLength(services);
  expect(checkApplications(applications, { gateways: factsOf("istio", "kong") }).problems).toEqual([]);
});

test("endpoints of synthetic services have addresses of their own, in the range that is for benchmarks", () => {
  const addresses = Array.from({ length: 1_500 }, (_, index) => addressOf(index));
  expect(new Set(addresses).size).toBe(addresses.length);
  for (const address of addresses) {
    const [first, second, ...rest] = address.split(".").map(Number);
    expect([first, second]).toEqual([198, 18]);
    expect(rest.every((part) => part >= 0 && part < 255)).toBe(true);
  }
});

test("a field of a control group's file is that of its whole name", () => {
  const text = "cache 5\ntotal_inactive_file 20\ninactive_file 10\n";
  expect(field(text, "inactive_file")).toBe(10);
  expect(field(text, "total_inactive_file")).toBe(20);
  expect(() => field(text, "usage_usec")).toThrow(/no usage_usec/);
});

test("the steps of `make up` are read from the table it writes itself", async () => {
  const timings = new Timings();
  await timings.measure("images into nodes", async () => {});
  const said = [
    "http://localhost answers.",
    "",
    "  curl -i x  1.0 s",
    "It took:",
    ...timings.table(),
    "  toolchain  1 min 02 s",
  ].join("\n");
  expect(stepsOf(said)).toEqual([
    { step: "images into nodes", seconds: 0 },
    { step: "all of it", seconds: 0 },
    { step: "toolchain", seconds: 62 },
  ]);
});

test("without a table there are no steps to read", () => {
  expect(() => stepsOf("The deployment did not succeed")).toThrow(/no times: The deployment/);
});
