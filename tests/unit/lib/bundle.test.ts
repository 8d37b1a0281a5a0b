import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { applications } from "../../../apps/index.ts";
import { bundleFile, bundleOf } from "../../../lib/bundle.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

let last: ChildProcess | undefined;
// A service that does not end as it should must not keep the tests from ending.
afterEach(() => {
  last?.kill("SIGKILL");
});

const sources = applications.flatMap(({ services = {} }) => Object.values(services).flatMap(({ image }) => image.source ?? []));

test("the platform has programs of its own", () => expect(sources.length).toBeGreaterThan(2));

describe.each(sources)("%s", (service) => {
  test("is the same text in every process, wherever it is started", () => {
    const script = `import(${JSON.stringify(join(process.cwd(), "lib/bundle.ts"))}).then((b) => process.stdout.write(b.bundleOf("${service}")))`;
    const args = ["--import", import.meta.resolve("tsx"), "-e", script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: "/", env: { ...process.env, NODE_OPTIONS: "" } });
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe(bundleOf(service));
  });

  test("fits into a ConfigMap, and says nothing of this machine", () => {
    const text = bundleOf(service);
    expect(Buffer.byteLength(text)).toBeLessThan(900_000);
    expect(text).not.toContain(process.cwd());
  });

  test("asks for nothing but what Node.js has", () => {
    const imported = [...bundleOf(service).matchAll(/^\s*import .* from "([^"]+)";$|require\("([^"]+)"\)/gm)];
    const modules = new Set(imported.map(([, module, required]) => module ?? required ?? ""));
    // The optional parts of pg, which it asks for when they are wanted.
    for (const optional of ["pg-native", "cloudflare:sockets"]) modules.delete(optional);
    const builtin = new Set(process.getBuiltinModule("node:module").builtinModules);
    expect([...modules].filter((name) => !builtin.has(name.replace(/^node:/, "")))).toEqual([]);
  });

  test("runs as the only file in its folder, and ends on SIGTERM", async () => {
    writeFileSync(join(folder, bundleFile), bundleOf(service));
    const env = { PATH: process.env.PATH, PORT: "0", LINGER_MS: "0", PGHOST: "127.0.0.1", PGPORT: "1" };
    const child = spawn(process.execPath, [join(folder, bundleFile)], { cwd: folder, env });
    last = child;
    // All it said has come then, too.
    const closed = once(child, "close");
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        said += data;
      });
    }
    while (!said.includes('"listening"') && child.exitCode === null)
      await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    child.kill("SIGTERM");
    await closed;
    expect([child.exitCode, child.signalCode, said.includes('"stopped"')]).toEqual([0, null, true]);
  });
});

test("is made once in a process", () => {
  const started = performance.now();
  for (let i = 0; i < 1_000; i++) bundleOf("apps/shop/backend/server.ts");
  expect(performance.now() - started).toBeLessThan(200);
});
