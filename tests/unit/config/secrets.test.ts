import { describe, expect, test } from "vitest";
import { sealed } from "../../../config/clusters.ts";
import { openOptions, RefusedError } from "../../../config.ts";
import { existing, parse, plan, problems, product } from "../support/config.ts";

/*
 * `mesh:secrets`: values that pods are given as Secrets. Who reads the stack's file itself has a word in place of each.
 */

const secrets = (values: unknown) => ({ "mesh:secrets": values });
const value = "top-secret-value";

describe("values", () => {
  test("are taken by their names, as Pulumi opens them, and as a word where the file is read", () => {
    const names = { a: value, "Partner-Token_2": value, ["x".repeat(100)]: value };
    expect(parse(secrets(names)).secrets).toEqual(names);
    const closed = Object.fromEntries(Object.keys(names).map((name) => [name, sealed]));
    expect(parse(secrets(closed), "file").secrets).toEqual(closed);
  });

  test("are none unless a file has some", () => {
    expect(parse().secrets).toEqual({});
  });

  test.each<[string, unknown, string]>([
    ["nothing", "", "text that is not empty"],
    ["a number", 5, "text"],
    ["a mapping", { inner: value }, "text"],
    ["a list", [value], "text"],
  ])("are not %s", (_what, given, allowed) => {
    expect(problems(secrets({ token: given }))).toEqual([`mesh:secrets.token is a secret; allowed: ${allowed}`]);
  });

  test.each(["", "1st", "_a", "-a", "a.b", "a b", "a/b", "x".repeat(101)])("are not called %j", (name) => {
    expect(problems(secrets({ [name]: value }))).toEqual([
      `mesh:secrets.${name} is not a key; allowed: letters, digits, hyphens and underscores, beginning with a letter`,
    ]);
  });
});

describe("a value that is open in the file is refused", () => {
  const refused = (name: string) =>
    `mesh:secrets.${name} is not encrypted; allowed: a value set with pulumi config set --secret --path mesh:secrets.${name}`;

  test("each by its name, with what encrypts it, and no other", () => {
    expect(problems(secrets({ one: value, two: sealed, three: "" }), "file")).toEqual([
      "mesh:secrets.three is a secret; allowed: text that is not empty",
      refused("one"),
      refused("three"),
    ]);
    expect(problems(secrets({ one: sealed }), "file")).toEqual([]);
  });

  test("and not where Pulumi has opened it", () => {
    expect(problems(secrets({ one: value }))).toEqual([]);
  });

  test("beside a kubeconfig that is open as well", () => {
    expect(problems({ ...existing, ...secrets({ one: value }) }, "file")).toEqual([
      expect.stringMatching(/^mesh:existing\.kubeconfig is not encrypted; /),
      refused("one"),
    ]);
  });
});

test("no value is ever told, whatever is wrong with it or beside it", () => {
  const wrong = [
    value,
    [value],
    { token: [value] },
    { token: { a: value } },
    { "not a name": value },
    { token: value, other: 1 },
  ];
  for (const given of wrong) {
    for (const from of [undefined, "file"] as const) {
      const changes = { ...secrets(given), "mesh:cluster": { nodes: 3 } };
      expect(problems(changes, from).length).toBeGreaterThan(1);
      expect(problems(changes, from).join("\n")).not.toContain(value);
      expect(() => plan(changes, from)).toThrow(RefusedError);
    }
  }
  expect(problems(secrets(value))).toEqual(["mesh:secrets is a secret; allowed: a mapping of names to values"]);
  expect(problems(secrets([value]))).toEqual(["mesh:secrets is a secret; allowed: a mapping of names to values"]);
});

test("an encrypted value has no place in what is overridden of an application, whose own is a setting", () => {
  expect(problems(product({ env: { TOKEN: sealed } }), "file")).toEqual([openOptions]);
  const bySetting = { ...product({ env: { TOKEN: { setting: "token" } } }), ...secrets({ token: sealed }) };
  expect(problems(bySetting, "file")).toEqual([]);
  expect(openOptions).toBe(
    "mesh:apps holds an encrypted value, which would be plain text in the cluster; allowed: env with setting, the name of one under mesh:secrets",
  );
});
