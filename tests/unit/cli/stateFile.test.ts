import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportStack, hasStack, readOutputs } from "../../../cli/pulumi/stack.ts";
import { Folder } from "../airgap/support/folder.ts";

let folder: Folder;
/** A stack whose pulumi says who was asked. */
const stack = () => ({
  name: "local",
  env: { PATH: `${folder.at("bin")}:/usr/bin:/bin`, PULUMI_BACKEND_URL: `${pathToFileURL(folder.path).href}?metadata=skip` },
});

beforeEach(() => {
  folder = new Folder();
  mkdirSync(folder.at("bin"));
  mkdirSync(folder.at(".pulumi/stacks/mesh"), { recursive: true });
  writeFileSync(folder.at("bin/pulumi"), `#!/bin/sh\necho '{"asked":"'"$*"'"}'`, { mode: 0o755 });
});

afterEach(() => folder.remove());

const write = (content: string) => writeFileSync(folder.at(".pulumi/stacks/mesh/local.json"), content);

const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
const deployment = {
  resources: [
    {
      urn: "urn:pulumi:local::mesh::pulumi:pulumi:Stack::mesh-local",
      type: "pulumi:pulumi:Stack",
      outputs: { url: "http://localhost", apiKeys: secret, tryNext: ["curl", secret], urls: { istio: "http://localhost" } },
    },
  ],
};

test("a state in files is read without pulumi: secrets closed in the state, left out of the outputs", async () => {
  write(JSON.stringify({ version: 3, checkpoint: { stack: "local", latest: deployment } }));
  expect(await hasStack(stack())).toBe(true);
  expect(await exportStack(stack())).toEqual({ version: 3, deployment });
  expect(await readOutputs(stack())).toEqual({
    url: "http://localhost",
    apiKeys: "[secret]",
    tryNext: ["curl", "[secret]"],
    urls: { istio: "http://localhost" },
  });
});

test("a stack that was never deployed to its end has no outputs", async () => {
  write(JSON.stringify({ version: 3, checkpoint: { latest: { resources: [] } } }));
  expect(await readOutputs(stack())).toEqual({});
});

test.each<[string, string | undefined]>([
  ["is not there", undefined],
  ["is cut short", '{"version":3,"checkpoi'],
  ["is of another form", '{"version":9,"state":{}}'],
  ["knows of no deployment", '{"version":3,"checkpoint":{}}'],
])("pulumi is asked where the file %s", async (_what, content) => {
  if (content !== undefined) write(content);
  expect(await exportStack(stack())).toMatchObject({ asked: expect.stringContaining("stack export --stack local") });
  expect(await readOutputs(stack())).toMatchObject({ asked: expect.stringContaining("stack output --json --stack local") });
});

test("only pulumi opens secrets, and only pulumi knows of other backends", async () => {
  write(JSON.stringify({ version: 3, checkpoint: { latest: deployment } }));
  expect(await exportStack(stack(), "--show-secrets")).toMatchObject({ asked: expect.stringContaining("--show-secrets") });
  for (const url of ["s3://states", "file://~", "file://./here"]) {
    const elsewhere = { ...stack(), env: { ...stack().env, PULUMI_BACKEND_URL: url } };
    expect(await exportStack(elsewhere)).toMatchObject({ asked: expect.stringContaining("stack export") });
  }
});
