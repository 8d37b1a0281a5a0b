import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toolchainPath } from "../../../airgap/names.ts";
import { quote } from "../../../cli/commands/env.ts";
import { findRuntime } from "../../../cli/kind/runtime.ts";
import { kubeconfigFile, leanStart, pulumiBackend, stackEnvironment } from "../../../cli/support/environment.ts";
import type { Config } from "../../../config.ts";
import { loopbackProxy, proxyExceptions } from "../../../lib/httpProxies.ts";
import { projectDir } from "../../../lib/paths.ts";
import { parseConfig } from "../support/config.ts";

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
  expect(PATH).toBe([...toolchainPath(), join(projectDir, "cli/tools"), "/usr/bin", "/bin"].join(":"));
  expect(stackEnvironment("local", config("built"), { PATH }).PATH).toBe(PATH);
  expect(stackEnvironment("dev", config("published"), users)).not.toHaveProperty("PATH");
});

test("pulumi looks for no plugin where all are there; published stacks get theirs from it", () => {
  const variable = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION";
  expect(stackEnvironment("local", config("built"), users)).toHaveProperty(variable, "true");
  expect(stackEnvironment("dev", config("published"), users)).not.toHaveProperty(variable);
});

test("where the language host does not know Pulumi.yaml's options, pulumi is told them, and no shell is", () => {
  const { NODE_OPTIONS } = leanStart(config("built"), { NODE_OPTIONS: "--max-old-space-size=512" });
  // Quoted, as the path may have spaces.
  expect(NODE_OPTIONS).toBe(`--max-old-space-size=512 --require="${projectDir}/lib/lean.cjs"`);
  expect(leanStart(config("published"), users)).not.toHaveProperty("NODE_OPTIONS");
  expect(stackEnvironment("local", config("built"), users)).not.toHaveProperty("NODE_OPTIONS");
});

test("pulumi looks for unused memory half as often as it would, unless the user says how often; no shell does", () => {
  expect(leanStart(config("published"), users)).toHaveProperty("GOGC", "200");
  expect(leanStart(config("built"), { GOGC: "50" })).toHaveProperty("GOGC", "50");
  expect(stackEnvironment("local", config("built"), users)).not.toHaveProperty("GOGC");
});

test("as much runs at once as may wait for pods, unless the user says how much", () => {
  expect(stackEnvironment("dev", config("published"), users)).toHaveProperty("PULUMI_PARALLEL", "64");
  expect(stackEnvironment("dev", config("published"), { PULUMI_PARALLEL: "3" })).toHaveProperty("PULUMI_PARALLEL", "3");
});

describe("with a proxy", () => {
  const proxy = { HTTP_PROXY: "http://proxy.example.com:3128" };

  test("a shell gets what goes past it, in both cases, beside what the user has set", () => {
    const env = stackEnvironment("local", config("built"), {
      ...proxy,
      NO_PROXY: "git.example.com, .corp",
      no_grpc_proxy: "10.1.2.3",
    });
    expect(env.NO_PROXY?.split(",")).toEqual(
      expect.arrayContaining([
        "git.example.com",
        ".corp",
        "localhost",
        "127.0.0.1",
        "::1",
        "10.89.0.0/16",
        ".svc",
        ".cluster.local",
      ]),
    );
    expect(env.no_proxy).toBe(env.NO_PROXY);
    expect(env.no_grpc_proxy).toMatch(/^10\.1\.2\.3,localhost,127\.0\.0\.1,/);
    // Once is enough, however often it is asked.
    expect(proxyExceptions({ ...proxy, ...env })).toMatchObject({ NO_PROXY: env.NO_PROXY });
  });

  test("of which nothing makes use, nothing is added", () => {
    expect(proxyExceptions({ ...proxy, NO_PROXY: "*" })).toEqual({ NO_PROXY: "*", no_proxy: "*" });
  });

  test.each(["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "grpc_proxy"])("named by %s alone as well", (name) => {
    expect(proxyExceptions({ [name]: "http://proxy.example.com" })).toHaveProperty("no_proxy");
  });

  test("only where there is one", () => {
    expect(proxyExceptions({ NO_PROXY: "x", HTTP_PROXY: "" })).toEqual({});
    expect(stackEnvironment("local", config("built"), users)).not.toHaveProperty("NO_PROXY");
  });

  test("nodes with everything in them get none; others get it, to pull through", async () => {
    const { env } = await findRuntime("built", { ...proxy, https_proxy: "x", PATH: "/usr/bin" });
    expect([env.HTTP_PROXY, env.https_proxy, env.NO_PROXY]).toEqual([undefined, undefined, undefined]);
    // A variable that is not named would be inherited.
    expect(Object.keys(env)).toEqual(expect.arrayContaining(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]));
  });

  test("on this machine's loopback address, nodes cannot reach it", () => {
    for (const url of ["http://127.0.0.1:3128", "localhost:3128", "http://u:p@localhost/"]) {
      expect(loopbackProxy({ https_proxy: url })).toBe(url);
    }
    expect(loopbackProxy({ HTTP_PROXY: "http://proxy.localhost.example.com:3128" })).toBeUndefined();
  });
});

test.each(["plain", "two words", "it's", '$HOME "`x`', "a;b", ""])("a shell gets %p back as it is", (value) => {
  expect(execFileSync("/bin/sh", ["-c", `X=${quote(value)}; printf %s "$X"`], { encoding: "utf8" })).toBe(value);
});
