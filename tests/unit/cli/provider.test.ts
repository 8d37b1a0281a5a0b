import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { providerInUse } from "../../../cli/pulumi/provider.ts";

const { version } = createRequire(import.meta.url)("@pulumi/kubernetes/package.json") as { version: string };
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pulumi-home-"));
});
afterEach(() => rm(home, { recursive: true }));

const install = async (content: string, of = version) => {
  const folder = join(home, "plugins", `resource-kubernetes-v${of}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "pulumi-resource-kubernetes"), content);
};

test.each([
  ["\x7fELF…mesh.local/airgap/provider/cmd…", "the project's own plugin, built from airgap/provider"],
  ["\x7fELF…github.com/pulumi/pulumi-kubernetes/provider…", "Pulumi's published plugin"],
])("whose provider it is says the plugin itself, wherever pulumi looks for it: %s", async (content, expected) => {
  await install(content);
  expect(await providerInUse({ PULUMI_HOME: home })).toBe(expected);
});

test("a plugin of another version is not the one in use", async () => {
  await install("mesh.local/airgap/provider", "0.0.1");
  expect(await providerInUse({ PULUMI_HOME: home })).toBe(`none is installed in ${home}`);
});
