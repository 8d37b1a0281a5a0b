import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { listStacks, readStackFile } from "../../../cli/support/stack.ts";
import { parseConfig } from "../../../config.ts";

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

test.each(["local", "dev"])("the project's own stack %s is accepted", (stack) => {
  expect(parseConfig(readStackFile(stack), stack)).toMatchObject({ target: "kind" });
});
