import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Finished, make, run, saw, stackEnvironment } from "../lib/runningStack.ts";
import { listContainers } from "./support/host.ts";

/** Settings of the product service, and of nothing else in apps/. */
const product = (options: object) => ({ "mesh:apps": { product: { product: options } } });

/** A stack of the tests' own, on ports nobody uses, under a name that no other cluster has. */
const stack = "refused";
const stackFile = `Pulumi.${stack}.yaml`;
const sound = {
  "mesh:target": "kind",
  "mesh:sources": "built",
  "mesh:cluster": { name: "refused", workers: 2, ports: { http: 18081, https: 18443, istio: 18080, istioTls: 18444 } },
  ...product({ replicas: 3 }),
};

let before: string[];
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  before = await listContainers();
});

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await rm(stackFile, { force: true });
});

/** Types `make up` for a stack whose configuration differs from a sound one as given. */
async function upWith(changes: Record<string, unknown>, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  await writeFile(stackFile, JSON.stringify({ config: { ...sound, ...changes } }));
  return run("make", ["up", `STACK=${stack}`], { env });
}

/** One message that holds all of these, no stack trace, and nothing that was not there before. */
async function expectRefusal(finished: Finished, ...named: (string | RegExp)[]): Promise<void> {
  saw(finished.all.trim().split("\n").join("\n         "));
  expect(finished.exitCode).not.toBe(0);
  for (const part of named) expect(finished.all).toMatch(part);
  expect(finished.all).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(await listContainers()).toEqual(before);
}

describe("the configuration", () => {
  test("an unknown key names itself", async () => {
    await expectRefusal(await upWith({ "mesh:porduct": { replicas: 3 } }), "mesh:porduct");
  });

  test("a wrong type names the key, what was given and what is allowed", async () => {
    await expectRefusal(await upWith(product({ replicas: "many" })), "mesh:apps.product.product.replicas", "many", /number/i);
  });

  test("no replicas at all", async () => {
    await expectRefusal(await upWith(product({ replicas: 0 })), "mesh:apps.product.product.replicas", /\b0\b/, /\b1\b/);
  });

  test("a port out of range", async () => {
    const cluster = { ...sound["mesh:cluster"], ports: { ...sound["mesh:cluster"].ports, istio: 70000 } };
    await expectRefusal(await upWith({ "mesh:cluster": cluster }), "mesh:cluster.ports.istio", "70000", "65535");
  });

  test("all errors of a file at once", async () => {
    const changes = { ...product({ replicas: 0 }), "mesh:sources": "found" };
    await expectRefusal(await upWith(changes), "mesh:apps.product.product.replicas", "mesh:sources", "built");
  });

  test("a cluster of Amazon's without a region, or hosts to answer for", async () => {
    const eks = {
      "mesh:target": "eks",
      "mesh:sources": "published",
      "mesh:cluster": undefined,
      "mesh:eks": { publicAccess: [] },
    };
    await expectRefusal(await upWith(eks), "aws:region is not given", "us-west-2", "mesh:tls.hosts", "mesh:tls.issuer");
  });

  test("Kong where nobody says where its parts are", async () => {
    await expectRefusal(await upWith({ "mesh:gateway": "kong" }), 'mesh:gateway is "kong"', "istio or both", "mesh:charts.kong");
  });

  test("a key that no gateway here would ask for", async () => {
    const finished = await upWith(product({ exposed: { products: { policies: { apiKeys: { consumers: ["alice"] } } } } }));
    await expectRefusal(finished, "mesh:apps.product.product.exposed.products.policies.apiKeys", "Istio's gateway");
  });

  test("a kubeconfig that lies open, which is not printed", async () => {
    const existing = { kubeconfig: "token: top-secret-token", context: "theirs" };
    const changes = { "mesh:target": "existing", "mesh:sources": "published", "mesh:cluster": undefined };
    const finished = await upWith({ ...changes, "mesh:existing": existing });
    await expectRefusal(finished, "mesh:existing.kubeconfig", "pulumi config set --secret");
    expect(finished.all).not.toContain("top-secret-token");
  });

  test("the same by plain pulumi, which opens secrets: one message, and nothing registered", async () => {
    // Brings the pulumi of the toolchain where it is not there yet.
    expect((await make("preview", "STACK=local")).exitCode).toBe(0);
    const config = { ...sound, ...product({ replicas: 0 }), "mesh:tls": { hosts: [] } };
    await writeFile(stackFile, JSON.stringify({ config }));
    const env = await stackEnvironment();
    const pulumi = (...args: string[]) =>
      run("pulumi", [...args, "--stack", stack, "--non-interactive", "--color=never"], { env });
    const remove = () => pulumi("stack", "rm", "--yes", "--preserve-config", "--remove-backups");
    // What a run that was cut off has left.
    await remove();
    expect((await run("pulumi", ["stack", "init", stack, "--no-select", "--non-interactive"], { env })).exitCode).toBe(0);
    undo.push(remove);
    const finished = await pulumi("preview");
    await expectRefusal(
      finished,
      "Pulumi.refused.yaml is refused",
      "mesh:apps.product.product.replicas is 0",
      "mesh:tls.hosts is []",
    );
    // The stack itself is all there is to it.
    expect(finished.all).not.toMatch(/\b(kubernetes|kind|random|mesh):\S*:/);
  });

  test("an unknown stack lists the ones there are", async () => {
    await expectRefusal(await make("up", "STACK=nowhere"), "nowhere", "local", "dev");
  });
});

describe("the machine", () => {
  test("a port in use names the process that has it", async () => {
    const { server, port } = await listenOnAnyPort();
    undo.push(() => server.close());
    const cluster = { ...sound["mesh:cluster"], ports: { ...sound["mesh:cluster"].ports, istio: port } };
    await expectRefusal(await upWith({ "mesh:cluster": cluster }), String(port), "node", String(process.pid));
  });

  test("no Go", async () => {
    const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !existsSync(join(folder, "go")));
    const cache = await temporaryFolder();
    await expectRefusal(await upWith({}, { PATH: path.join(delimiter), XDG_CACHE_HOME: cache }), /\bGo\b/, "STACK=dev");
  });

  test("too little disk for an empty cache", async () => {
    const cache = await temporaryFolder();
    expect((await run("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", cache])).exitCode).toBe(0);
    undo.push(() => run("umount", [cache]));
    await expectRefusal(await upWith({}, { XDG_CACHE_HOME: cache }), /disk|space/i, cache);
  });
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "refused-"));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function listenOnAnyPort(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}
