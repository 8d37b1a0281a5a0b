import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { readContext } from "../../cli/context.ts";
import { leanStart, stackEnvironment } from "../../cli/support/environment.ts";
import { projectDir } from "../../lib/paths.ts";
import { output } from "../../lib/process.ts";
import { ControlPlane } from "../../tests/contract/support/controlPlane.ts";
import { installDefinitions } from "../../tests/contract/support/definitions.ts";
import { FakeControllers } from "./controllers.ts";

/** What one pulumi command took. */
export interface Taken {
  readonly seconds: number;
  /** Of the program's process, at most, in MB. */
  readonly memory: number;
  /** How many resources it made, or would. */
  readonly resources: number;
}

const stack = "bench";

/**
 * The platform's program with a number of services, as a Pulumi project in a folder of its own, against an API server of its
 * own, where whatever is waited for counts as ready at once.
 */
export class PlatformRun {
  private constructor(
    private readonly folder: string,
    private readonly plane: ControlPlane,
    private readonly controllers: FakeControllers,
  ) {}

  /** @param failed - gets what keeps the fake controllers from their work. */
  static async start(services: number, failed: (error: Error) => void): Promise<PlatformRun> {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const plane = await ControlPlane.start();
    try {
      await installDefinitions(plane);
      await writeProject(folder, services, await readFile(plane.kubeconfig, "utf8"));
      const run = new PlatformRun(folder, plane, await FakeControllers.start(plane.kubeconfig, failed));
      await run.pulumi(["stack", "init", stack, "--no-select"]);
      return run;
    } catch (error) {
      await plane.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  preview(): Promise<Taken> {
    return this.timed(["preview"]);
  }

  /**
   * @param writing - when Pulumi writes its state: all of it after each step, as it does unless told otherwise, or once. In a
   * file the former grows with the square of the resources, and hides what the program and the API server take.
   */
  up(writing: "each step" | "once"): Promise<Taken> {
    const once = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };
    return this.timed(["up", "--yes", "--skip-preview"], writing === "once" ? once : {});
  }

  /** Ends the API server and removes the project; nothing is destroyed first. */
  async stop(): Promise<void> {
    this.controllers.stop();
    await this.plane.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async timed(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Taken> {
    const started = performance.now();
    const said = await this.pulumi([...args, "--suppress-outputs", "--stack", stack], variables);
    const seconds = (performance.now() - started) / 1_000;
    const [, resources] = /\+ (\d+) (?:to create|created)/.exec(said) ?? [];
    return { seconds, memory: Number(await readFile(this.memoryFile, "utf8")), resources: Number(resources) };
  }

  private pulumi(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<string> {
    const { config } = readContext("local");
    const env = {
      ...process.env,
      ...stackEnvironment("local", config),
      ...leanStart(config),
      PULUMI_BACKEND_URL: pathToFileURL(join(this.folder, "state")).href,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      BENCH_MEMORY: this.memoryFile,
      ...variables,
    };
    return output("pulumi", [...args, "--non-interactive", "--color=never"], { cwd: this.folder, env });
  }

  private get memoryFile(): string {
    return join(this.folder, "memory");
  }
}

/** A project beside the platform's own, whose packages and provider it has all the same. */
async function writeProject(folder: string, services: number, kubeconfig: string): Promise<void> {
  for (const part of ["node_modules", "package.json"]) await symlink(join(projectDir, part), join(folder, part));
  await mkdir(join(folder, "state"));
  const load = JSON.stringify(join(projectDir, "lib/load.mjs"));
  const program = `import { load } from ${load};\nexport default async () => ({ ...(await load("bench/platform/index.ts")) });\n`;
  await writeFile(join(folder, "main.mjs"), program);
  const project = {
    name: "bench",
    runtime: { name: "nodejs", options: { typescript: false } },
    plugins: { providers: [{ name: "mesh", path: join(projectDir, "provider") }] },
    config: { "pulumi:disable-default-providers": { value: ["kubernetes"] } },
  };
  await writeFile(join(folder, "Pulumi.yaml"), stringify(project));
  const config = {
    "bench:services": services,
    "mesh:target": "existing",
    "mesh:sources": "published",
    "mesh:gateway": "istio",
    "mesh:tls": { issuer: "self-signed", plaintext: true },
    "mesh:existing": { kubeconfig, context: "contract", exposure: { type: "NodePort" } },
  };
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), stringify({ config }), { mode: 0o600 });
}
