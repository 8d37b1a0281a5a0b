import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listStacks, readStackFile } from "../../../cli/support/stack.ts";
import { sections } from "../../../config/sections.ts";
import { projectDir } from "../../../lib/paths.ts";
import { parseConfig } from "../support/config.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stacks-"));
  for (const file of ["Pulumi.yaml", "Pulumi.local.edited.yaml"]) writeFileSync(join(folder, file), "");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function stackFile(content: string, name = "one"): void {
  writeFileSync(join(folder, `Pulumi.${name}.yaml`), content);
}

test("gives values as the program gets them: scalars as text, structures as JSON", () => {
  stackFile("config:\n  mesh:target: kind\n  mesh:replicas: 3\n  mesh:on: true\n  mesh:cluster: { name: a, workers: 2 }\n");
  expect(readStackFile("one", folder)).toEqual({
    "mesh:target": "kind",
    "mesh:replicas": "3",
    "mesh:on": "true",
    "mesh:cluster": '{"name":"a","workers":2}',
  });
});

test("a day without quotes is a moment, as it is to Pulumi, so that whoever wants a day is told at once", () => {
  stackFile('config:\n  mesh:apps: { a: 2027-01-31, b: "2027-01-31", c: 1.36 }\n');
  expect(readStackFile("one", folder)["mesh:apps"]).toBe('{"a":"2027-01-31T00:00:00.000Z","b":"2027-01-31","c":1.36}');
});

test("takes a stack's full name too", () => {
  stackFile("config: { mesh:target: kind }");
  expect(readStackFile("organization/mesh/one", folder)).toEqual({ "mesh:target": "kind" });
});

test("a file without configuration has none", () => {
  stackFile("encryptionsalt: v1:abc\n");
  expect(readStackFile("one", folder)).toEqual({});
});

test("an unknown stack is told which ones there are", () => {
  stackFile("");
  stackFile("", "two");
  expect(listStacks(folder)).toEqual(["one", "two"]);
  expect(() => readStackFile("nowhere", folder)).toThrow(/no stack `nowhere`: the project has one, two .*Pulumi\.<stack>\.yaml/);
});

test("what is not YAML, or has no mapping, is one sentence", () => {
  stackFile("config: {");
  expect(() => readStackFile("one", folder)).toThrow(/^Pulumi\.one\.yaml is not YAML: .*$/);
  stackFile("config: [1]");
  expect(() => readStackFile("one", folder)).toThrow("Pulumi.one.yaml: config is [1]; allowed: a mapping of keys");
});

test("a secret that only Pulumi can open is a word, wherever it stands", () => {
  stackFile(
    "config:\n  mesh:a: { secure: v1:abc }\n  mesh:b: { c: { secure: v1:abc }, d: [{ secure: v1:abc }], secure: true }\n",
  );
  expect(readStackFile("one", folder)).toEqual({
    "mesh:a": "[secret]",
    "mesh:b": '{"c":"[secret]","d":["[secret]"],"secure":true}',
  });
});

test.each([
  ["local", "kind"],
  ["dev", "kind"],
  ["eks", "eks"],
])("the project's own stack %s is accepted", (stack, target) => {
  expect(parseConfig(readStackFile(stack), stack, "file")).toMatchObject({ target });
});

test("`local` and `dev` differ in where parts come from, in the cluster's name, and in what gateways demand", () => {
  const lines = (stack: string) =>
    readFileSync(join(projectDir, `Pulumi.${stack}.yaml`), "utf8")
      .split(/^config:\n/m)[1]
      ?.split("\n")
      .map((line) => line.trim()) ?? [];
  const [local, dev] = [lines("local"), lines("dev")];
  expect(local.filter((line) => !dev.includes(line))).toEqual(["mesh:sources: built", "name: mesh-demo", "policies: {}"]);
  const more = dev.filter((line) => !local.includes(line) && !line.startsWith("#"));
  expect(more.slice(0, 2)).toEqual(["mesh:sources: published", "name: mesh-dev"]);
  expect(more.slice(2).map((line) => line.split(":")[0])).toEqual([
    "policies",
    "rateLimit",
    "api",
    "gateways",
    "policies",
    "apiKeys",
    "rateLimit",
  ]);
});

test.each(["local", "eks"])("the file of stack %s shows every section that applies to it", (stack) => {
  const text = readFileSync(join(projectDir, `Pulumi.${stack}.yaml`), "utf8");
  const elsewhere = stack === "local" ? ["eks", "existing"] : ["cluster", "existing"];
  for (const section of Object.keys(sections.shape)) {
    if (!elsewhere.includes(section)) expect(text).toContain(`mesh:${section}`);
  }
});
