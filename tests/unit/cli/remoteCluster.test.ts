import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { takeDown } from "../../../cli/commands/down.ts";
import { show } from "../../../cli/commands/status.ts";
import { bringUp } from "../../../cli/commands/up.ts";
import { type Context, pulumiStack } from "../../../cli/context.ts";
import { ensureKubeconfig } from "../../../cli/kubeconfig.ts";
import { preflight } from "../../../cli/preflight.ts";
import { kubeconfigOf, stackEnvironment } from "../../../cli/support/environment.ts";
import { entryOf } from "../../../model/expectedAnswers.ts";
import { planStack } from "../../../plan.ts";
import { Fakes } from "./support/fakes.ts";

/*
 * What `make` does on a cluster that is not on this machine, with a pulumi and a kubectl that only write down what they were
 * asked and answer from files. What the real ones do with it is not proven here.
 */

const stack = `unit-${process.pid}`;
const common = { "mesh:sources": "published", "mesh:tls": '{"hosts":["shop.example.com"],"issuer":"ca"}' };
const existing = config({ "mesh:target": "existing", "mesh:existing": '{"kubeconfig":"[secret]","context":"theirs"}' });
const eks = config({ "mesh:target": "eks", "mesh:eks": '{"publicAccess":[]}', "aws:region": "us-west-2" });

const pipeline = process.env.CI;

let fakes: Fakes;
let server: Server;
let url: string;
let said: string;

function config(entries: Record<string, string>): Context {
  const { config, applications, gateways } = planStack({ ...common, ...entries }, stack, "file");
  return { stack, config, applications, entry: entryOf(applications, gateways, config.tls), problems: [] };
}

const kubeconfig = "apiVersion: v1\ncurrent-context: another\ncontexts: [{ name: theirs }]\n";
const file = kubeconfigOf(stack, existing.config);

const pulumi = `
case "$1 $2" in
  "stack --show-name") [ -e "$FAKES/stack" ] ;;
  "stack init") touch "$FAKES/stack" ;;
  "stack export") echo '{"version":3,"deployment":{"resources":[{"urn":"u","type":"t","id":"i"}]}}' ;;
  "stack output") if [ "$3" = kubeconfig ]; then [ -e "$FAKES/deployed" ] && cat "$FAKES/deployed"; else cat "$FAKES/outputs"; fi ;;
  "up "*) [ ! -e "$FAKES/refuse" ] && cp "$FAKES/kubeconfig" "$FAKES/deployed" ;;
  "destroy "*) [ ! -e "$FAKES/refuse" ] ;;
esac`;

const kubectl = `
case "$*" in
  *"get nodes"*) [ ! -e "$FAKES/silent" ] || { echo "connection refused" >&2; exit 1; }; echo "node-1 Ready" ;;
  *"get pods"*) echo '{"items":[{"metadata":{"name":"a","namespace":"prod"},"status":{"phase":"Pending"}}]}' ;;
esac`;

beforeEach(async () => {
  server = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  fakes = new Fakes();
  fakes.program("pulumi", pulumi);
  fakes.program("kubectl", kubectl);
  fakes.program("aws", "");
  write("kubeconfig", kubeconfig);
  write("outputs", JSON.stringify({ url, urls: { istio: url, istioHttps: "https://shop.example.com" }, context: "theirs" }));
  said = "";
  vi.spyOn(console, "log").mockImplementation((text) => {
    said += `${text}\n`;
  });
});

afterEach(() => {
  fakes.remove();
  server.close();
  rmSync(dirname(file), { recursive: true, force: true });
  vi.restoreAllMocks();
  process.exitCode = 0;
  if (pipeline === undefined) delete process.env.CI;
  else process.env.CI = pipeline;
});

function write(name: string, content = ""): void {
  writeFileSync(join(fakes.folder, name), content);
}

const calls = (program: string) =>
  fakes.calls
    .filter((call) => call.startsWith(`${program} `))
    .map((call) => call.replace(/ --stack .*| --non-interactive.*/, ""));

describe("up", () => {
  test("deploys, makes no cluster, and keeps the kubeconfig for this user alone", async () => {
    await bringUp(existing);
    expect(calls("pulumi")).toEqual([
      "pulumi stack --show-name",
      `pulumi stack init ${stack} --no-select`,
      "pulumi stack output kubeconfig --show-secrets",
      "pulumi stack export",
      "pulumi up --yes --skip-preview --suppress-outputs",
      "pulumi stack output kubeconfig --show-secrets",
      "pulumi stack output --json",
      "pulumi stack output --json",
    ]);
    expect([...calls("kind"), ...calls("podman")]).toEqual([]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(parse(readFileSync(file, "utf8"))).toEqual({
      apiVersion: "v1",
      "current-context": "theirs",
      contexts: [{ name: "theirs" }],
    });
    expect(stackEnvironment(stack, existing.config).KUBECONFIG).toBe(file);
  });

  test("ends with all addresses, once the first of them answers", async () => {
    await bringUp(existing);
    expect(said).toContain(`${url} answers.`);
    expect(said).toMatch(/All addresses:\n {2}istio {7}http:.*\n {2}istioHttps {2}https:\/\/shop\.example\.com\n/);
    expect(said).toContain(`eval "$(make -s env STACK=${stack})"`);
  });

  test("where it costs money and nobody is there to be asked, shows what it does before it does it", async () => {
    process.env.CI = "true";
    await bringUp(eks);
    expect(calls("pulumi")).toContain("pulumi up --yes --suppress-outputs");
  });

  test("that does not succeed says how to go on, and writes no kubeconfig", async () => {
    write("refuse");
    await expect(bringUp(existing)).rejects.toThrow("The same command goes on where it stopped.");
    expect(existsSync(file)).toBe(false);
  });
});

describe("down", () => {
  test("destroys what the state knows and forgets the kubeconfig", async () => {
    await bringUp(existing);
    await takeDown(existing);
    expect(calls("pulumi").at(-1)).toBe("pulumi destroy --yes --skip-preview");
    expect(existsSync(dirname(file))).toBe(false);
    expect([...calls("kind"), ...calls("podman")]).toEqual([]);
  });

  test("that does not succeed keeps the kubeconfig: what is left is still to be looked at", async () => {
    await bringUp(existing);
    write("refuse");
    await expect(takeDown(existing)).rejects.toThrow("Not everything could be removed");
    expect(existsSync(file)).toBe(true);
  });

  test("of what was never up does nothing", async () => {
    await takeDown(existing);
    expect(calls("pulumi")).not.toContain(expect.stringContaining("destroy"));
    expect(said).toContain("is down.");
  });
});

describe("status", () => {
  test("of what was never up says what to type", async () => {
    await show(existing);
    expect(said).toContain(`Nothing is deployed yet. Try: make up STACK=${stack}`);
    expect(process.exitCode).toBe(0);
  });

  test("shows nodes and pods by the kubeconfig, and what is wrong", async () => {
    await bringUp(existing);
    await show(existing);
    expect(said).toMatch(/Nodes:\n {2}node-1 Ready\nPods: 0 of 1 ready\n/);
    expect(said).toMatch(/Wrong:\n {2}prod\/a is not ready: Pending\nTry: make up STACK=unit/);
    expect(process.exitCode).toBe(1);
  });

  test("of a cluster that does not answer says so", async () => {
    await bringUp(existing);
    write("silent");
    await show(existing);
    expect(said).toContain("The cluster does not answer: connection refused");
  });

  test("tells of a fault that is made on purpose, which is no problem until it should have ended", async () => {
    const faults = [
      { service: "prod/backend", until: "9999-12-31" },
      { service: "prod/frontend", until: "2020-01-31" },
      { service: "team/web", until: "2020-01-31T12:00Z" },
    ];
    write("outputs", JSON.stringify({ url, urls: { istio: url }, context: "theirs", faults }));
    await bringUp(existing);
    said = "";
    await show(existing);
    const [shown = "", wrong = ""] = said.split("Wrong:\n");
    expect(shown.split("\n").filter((line) => /fault/i.test(line))).toEqual([
      "Fault: callers of prod/backend get one on purpose, until 9999-12-31",
    ]);
    expect(wrong.split("\n").filter((line) => /fault/i.test(line))).toEqual([
      "  The fault of prod/frontend has ended (2020-01-31) and is still made",
      "  The fault of team/web has ended (2020-01-31T12:00Z) and is still made",
    ]);
    expect(wrong).toContain(`Try: make up STACK=${stack}`);
    expect(process.exitCode).toBe(1);
  });

  test("finds nothing wrong with a fault that is in force", async () => {
    fakes.program("kubectl", kubectl.replace(/\{"metadata".*?\}\}/, ""));
    write("outputs", JSON.stringify({ url, context: "theirs", faults: [{ service: "prod/backend", until: "9999-12-31" }] }));
    await bringUp(existing);
    await show(existing);
    expect(said).toContain("Fault: callers of prod/backend");
    expect(said).toContain("Nothing is wrong.");
    expect(process.exitCode).toBe(0);
  });

  test("says nothing of faults where there are none, and none were ever heard of", async () => {
    for (const faults of [[], undefined]) {
      write("outputs", JSON.stringify({ url, context: "theirs", faults }));
      await bringUp(existing);
      await show(existing);
    }
    expect(said).toContain("Pods:");
    expect(said).not.toMatch(/fault/i);
  });
});

describe("before anything is made", () => {
  test("no container engine is asked for, and no port or node", async () => {
    for (const name of ["docker", "podman", "kind"]) rmSync(join(fakes.folder, "bin", name));
    process.env.PATH = join(fakes.folder, "bin");
    await expect(preflight(existing)).resolves.toBeUndefined();
    await expect(preflight(eks)).resolves.toBeUndefined();
  });

  test("all tools that are missing are told at once", async () => {
    process.env.PATH = "/nowhere";
    await expect(preflight(eks)).rejects.toThrow(/^pulumi is not on the PATH.*\nkubectl is not .*\naws is not /);
  });
});

test("another checkout gets the kubeconfig out of the state, and where there is none does without", async () => {
  const seen = await pulumiStack(existing);
  await ensureKubeconfig(existing, seen);
  expect(existsSync(file)).toBe(false);
  write("deployed", kubeconfig);
  await ensureKubeconfig(existing, seen);
  expect(existsSync(file)).toBe(true);
});

test("the state is where the user keeps states: it outlives this machine", () => {
  for (const { config } of [existing, eks]) {
    const env = stackEnvironment(stack, config, { PATH: "/usr/bin" });
    expect(env).not.toHaveProperty("PULUMI_BACKEND_URL");
    expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  }
});
