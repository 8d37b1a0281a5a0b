import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { imageBinDir, toolchainBin } from "../../../airgap/names.ts";
import { attempt, type Finished } from "../../../lib/process.ts";
import { identity, type Manifest } from "./manifests.ts";
import { type Program, startProgram } from "./program.ts";

const token = "contract-admin";

/**
 * An API server and its store, without a scheduler, controllers or nodes: it checks and keeps what it is given as any cluster's
 * does, and nothing comes of it. It ends with the test, however that ends.
 */
export class ControlPlane {
  private readonly programs: Program[] = [];

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** @throws Error with the last words of the program that did not come up. */
  static async start(): Promise<ControlPlane> {
    const [port = 0, client = 0, peer = 0] = await freePorts(3);
    const plane = new ControlPlane(await mkdtemp(join(tmpdir(), "contract-")), port);
    try {
      await plane.run(`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`);
    } catch (error) {
      await plane.stop();
      throw error;
    }
    return plane;
  }

  /** File of an administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.path("kubeconfig");
  }

  /** Runs kubectl as an administrator; that it fails is part of the result. */
  kubectl(args: readonly string[], input?: string): Promise<Finished> {
    const options = input === undefined ? {} : { input };
    return attempt(join(toolchainBin("cluster"), "kubectl"), ["--kubeconfig", this.kubeconfig, ...args], options);
  }

  /** Runs kubectl and returns its standard output. @throws Error with all it said when it fails. */
  async must(args: readonly string[], input?: string): Promise<string> {
    const { ok, stdout, all } = await this.kubectl(args, input);
    if (!ok) throw new Error(`kubectl ${args.join(" ")}: ${all}`);
    return stdout;
  }

  /** Gives the server objects in this order, as Pulumi does, and returns what it says against them. */
  async refusals(objects: readonly Manifest[]): Promise<string[]> {
    if (objects.length === 0 || isFine(await this.apply({ apiVersion: "v1", kind: "List", items: objects }))) return [];
    // Of a list it is not always told which object is meant.
    const found = [];
    for (const object of objects) {
      const said = await this.apply(object);
      if (!isFine(said)) found.push(`${identity(object)}: ${said.all}`);
    }
    return found;
  }

  /** A field that the server does not know is an error. */
  private apply(object: object): Promise<Finished> {
    return this.kubectl(["apply", "--server-side", "--validate=strict", "--filename=-"], JSON.stringify(object));
  }

  async stop(): Promise<void> {
    for (const program of this.programs.reverse()) await program.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private path(name: string): string {
    return join(this.folder, name);
  }

  private async run(client: string, peer: string): Promise<void> {
    await this.writeCredentials();
    this.launch("etcd", [
      ...["--data-dir", this.path("etcd"), "--unsafe-no-fsync", "--log-level", "error"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer],
      ...["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`],
    ]);
    const server = this.launch("kube-apiserver", [
      ...["--etcd-servers", client, "--bind-address", "127.0.0.1", "--secure-port", `${this.port}`],
      ...["--cert-dir", this.path("certificates"), "--token-auth-file", this.path("tokens"), "--anonymous-auth=false"],
      ...["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/16"],
      ...["--service-account-issuer", "https://contract.test", "--service-account-key-file", this.path("key")],
      ...["--service-account-signing-key-file", this.path("key")],
      // It would wait for accounts that no controller makes.
      ...["--disable-admission-plugins", "ServiceAccount", "--shutdown-delay-duration", "0s"],
    ]);
    for (const end = Date.now() + 90_000; !(await this.isReady()); await pause(100)) {
      if (!server.running || Date.now() > end) throw new Error(`the API server did not get ready:\n${await server.lastWords()}`);
    }
  }

  private launch(name: string, args: readonly string[]): Program {
    const program = startProgram(join(imageBinDir(), name), args, { log: this.path(`${name}.log`) });
    this.programs.push(program);
    return program;
  }

  private async writeCredentials(): Promise<void> {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(this.path("key"), privateKey.export({ type: "sec1", format: "pem" }));
    await writeFile(this.path("tokens"), `${token},admin,admin,system:masters\n`);
    const cluster = { server: `https://127.0.0.1:${this.port}`, "insecure-skip-tls-verify": true };
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "contract" },
      clusters: [{ name: "contract", cluster }],
      users: [{ name: "admin", user: { token } }],
      contexts: [{ name: "contract", context: { cluster: "contract", user: "admin" } }],
    };
    await writeFile(this.kubeconfig, JSON.stringify(config));
  }

  /** Asks the server itself: it has no certificate that anybody could check. */
  private isReady(): Promise<boolean> {
    const options = {
      port: this.port,
      path: "/readyz",
      headers: { authorization: `Bearer ${token}` },
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(5_000),
    };
    return new Promise((resolve) => {
      request(options, (response) => resolve(response.resume().statusCode === 200))
        .on("error", () => resolve(false))
        .end();
    });
  }
}

/** Pod Security says of a workload that its pods will not be admitted, and takes it. */
function isFine({ ok, all }: Finished): boolean {
  return ok && !all.includes("would violate PodSecurity");
}

/** Ports of this machine that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve, reject) => {
        server.on("error", reject);
        server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
      }),
  );
  const found = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return found;
}
