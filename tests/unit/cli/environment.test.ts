import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { toolchainBin } from "../../../airgap/names.ts";
import { quote } from "../../../cli/commands/env.ts";
import { kubeconfigFile, pulumiBackend, stackEnvironment } from "../../../cli/support/environment.ts";
import { projectDir } from "../../../cli/support/paths.ts";
import { type Config, parseConfig } from "../../../config.ts";

const config = (sources: Config["sources"]) => parseConfig({ "mesh:target": "kind", "mesh:sources": sources }, "test");
const users = { PULUMI_BACKEND_URL: "s3://theirs", PULUMI_CONFIG_PASSPHRASE: "theirs", PATH: "/usr/bin:/bin" };

test("the stack `local` keeps its state in this checkout, whatever the user's environment says", () => {
  expect(stackEnvironment("local", config("built"), users)).toMatchObject({
    PULUMI_BACKEND_URL: `file://${pulumiBackend}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    KUBECONFIG: kubeconfigFile("mesh-demo"),
  });
});

test("another stack keeps the backend and the passphrase that the user has set", () => {
  const env = stackEnvironment("dev", config("published"), users);
  expect(env).not.toHaveProperty("PULUMI_BACKEND_URL");
  expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  const { PULUMI_BACKEND_URL: _, ...withoutBackend } = users;
  expect(stackEnvironment("dev", config("published"), withoutBackend)).toMatchObject({
    PULUMI_BACKEND_URL: `file://${pulumiBackend}?metadata=skip`,
  });
  expect(stackEnvironment("dev", config("published"), withoutBackend)).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  expect(stackEnvironment("dev", config("published"), {})).toMatchObject({ PULUMI_CONFIG_PASSPHRASE: "local" });
});

test("built tools come before the user's, once; published ones are the user's", () => {
  const { PATH } = stackEnvironment("local", config("built"), users);
  expect(PATH).toBe(`${toolchainBin()}:/usr/bin:/bin`);
  expect(stackEnvironment("local", config("built"), { PATH }).PATH).toBe(PATH);
  expect(stackEnvironment("dev", config("published"), users)).not.toHaveProperty("PATH");
});

test("pulumi looks for no plugin where all are there; published stacks get theirs from it", () => {
  const variable = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION";
  expect(stackEnvironment("local", config("built"), users)).toHaveProperty(variable, "true");
  expect(stackEnvironment("dev", config("published"), users)).not.toHaveProperty(variable);
});

test("the transpiler is found from any folder, and is not asked for twice", () => {
  const { NODE_OPTIONS } = stackEnvironment("local", config("built"), { NODE_OPTIONS: "--max-old-space-size=512" });
  expect(NODE_OPTIONS).toBe(`--max-old-space-size=512 --import=file://${projectDir}/node_modules/tsx/dist/loader.mjs`);
  expect(stackEnvironment("local", config("built"), { NODE_OPTIONS }).NODE_OPTIONS).toBe(NODE_OPTIONS);
});

test.each(["plain", "two words", "it's", '$HOME "`x`', "a;b", ""])("a shell gets %p back as it is", (value) => {
  expect(execFileSync("/bin/sh", ["-c", `X=${quote(value)}; printf %s "$X"`], { encoding: "utf8" })).toBe(value);
});
