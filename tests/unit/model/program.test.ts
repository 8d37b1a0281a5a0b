import { describe, expect, test } from "vitest";
import { problems as problemsOf, queue, shop } from "../support/stores.ts";

/*
 * What a process is given: its variables, and its share of a node.
 */

/** What is wrong with a service with these options. */
const problems = (options: object) =>
  problemsOf({ services: { shop: { ...shop, ...options }, queue } }).map((problem) => problem.replace(/^shop /, ""));

describe("variables are refused", () => {
  const given =
    "letters, digits and underscores, not beginning with a digit, and none of PORT, VERSION, POD_NAME, DRAIN_MS, which are given";
  test.each(["PORT", "VERSION", "POD_NAME", "DRAIN_MS", "1A", "A-B", "A.B", ""])("called %j", (name) => {
    expect(problems({ env: { [name]: "text" } })).toEqual([`env.${name} is not a key; allowed: ${given}`]);
    expect(problems({ initContainers: { prepare: { env: { [name]: "text" } } } })).toEqual([
      `initContainers.prepare.env.${name} is not a key; allowed: ${given}`,
    ]);
  });

  test.each(["PORTS", "port", "MY_VERSION", "_"])("but not %j", (name) => {
    expect(problems({ env: { [name]: "text" } })).toEqual([]);
  });

  // Of variables no value is told.
  test.each<[string, unknown]>([
    ["a number", 80],
    ["a Secret without a key", { secret: "partner" }],
    ["what no pod knows of itself", { field: "spec.replicas" }],
    ["a list", ["text"]],
  ])("of %s", (_what, value) => {
    expect(problems({ env: { A: value } })).toEqual([
      "env.A is refused; allowed: text, or a mapping with secret and key, configMap and key, setting, or field",
    ]);
  });

  test("as text, or with more than belongs to a kind of them", () => {
    expect(problems({ env: "A=1" })).toEqual(["env is refused; allowed: a mapping of variables"]);
    expect(problems({ env: { A: { setting: "token", key: "k" } } })).toEqual(["env.A.key is not a key; allowed: setting"]);
  });
});

describe("requests are at most the limits", () => {
  test.each([
    ["129Mi", "128Mi"],
    ["1025Mi", "1Gi"],
    ["1Gi", "1G"],
    ["1Ki", "1k"],
    ["1k", "999"],
    ["501m", "0.5"],
    ["1Ti", "1000Gi"],
    ["1Pi", "1P"],
    ["1Ei", "1000P"],
  ])("%s is more than %s", (more, less) => {
    for (const name of ["cpu", "memory", "ephemeral-storage"]) {
      expect(problems({ resources: { requests: { [name]: more }, limits: { [name]: less } } })).toEqual([
        `resources.requests.${name} is "${more}"; allowed: at most its limit, ${less}`,
      ]);
      expect(problems({ resources: { requests: { [name]: less }, limits: { [name]: more } } })).toEqual([]);
    }
  });

  test("the same in another unit is not more, and one without the other is fine", () => {
    for (const [request, limit] of [
      ["1000m", "1"],
      ["1024Mi", "1Gi"],
      ["0.5", "500m"],
      ["1000k", "1M"],
    ]) {
      expect(problems({ resources: { requests: { cpu: request }, limits: { cpu: limit } } })).toEqual([]);
    }
    expect(problems({ resources: { requests: { cpu: "9", memory: "1Gi" }, limits: { memory: "2Gi" } } })).toEqual([]);
  });

  test("in versions too", () => {
    const resources = { requests: { cpu: "2" }, limits: { cpu: "1" } };
    expect(problems({ versions: { v1: { resources } } })).toEqual([
      'versions.v1.resources.requests.cpu is "2"; allowed: at most its limit, 1',
    ]);
  });

  test("and each is a quantity", () => {
    const allowed = "allowed: a quantity such as 250m or 128Mi, as text";
    expect(problems({ resources: { requests: { cpu: "1 core", memory: "64MB" }, limits: { cpu: 1 } } })).toEqual([
      `resources.limits.cpu is 1; ${allowed}`,
      `resources.requests.cpu is "1 core"; ${allowed}`,
      `resources.requests.memory is "64MB"; ${allowed}`,
    ]);
  });
});
