import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import { type Chart, chartPath, imageReference, nodeImageReference } from "../../../airgap/names.ts";
import { loadBuilt } from "../../../cli/kind/builtImages.ts";
import { removeHostTraces } from "../../../cli/kind/host.ts";
import { deleteCluster, ensureCluster } from "../../../cli/kind/kindCluster.ts";
import { ensurePulumi } from "../../../cli/pulumi/build.ts";
import { kubeconfigFile } from "../../../cli/support/environment.ts";
import { merge, type Values } from "../../../components/support/helm.ts";
import { consoleProgress } from "../../../lib/progress.ts";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { builtImages } from "../../../plan.ts";
import { builtValues } from "../../../stacks/charts.ts";
import { builtProgram } from "../../../stacks/images.ts";
import { type Finished, run, stackEnvironment } from "../../lib/runningStack.ts";
import { listLasting } from "./objects.ts";

/*
 * A cluster that somebody else runs, and a stack of published parts on it whose every chart and image comes from elsewhere:
 * what is built here, under names that a stack file gives, as a mirror's would be.
 */

export const stack = "there";
const progress = consoleProgress();
const stackFile = `Pulumi.${stack}.yaml`;

/** Where the owner of the cluster lets clients in: ports of its nodes, none of which is a default. */
export const ports = { http: 31080, https: 31443, istio: 31808, istioTls: 31843 } as const;

/** What stands for the owner's cluster. The platform knows nothing of how it came about. */
function clusterSpec(): KindSpec {
  const forwarded = Object.values(ports).map((port) => ({ hostPort: port, nodePort: port }));
  return { name: "mesh-there", workers: 1, sources: "built", nodeImage: nodeImageReference(), ports: forwarded };
}

/** What has been made, for as long as it is there. */
export interface There {
  /** Plain commands with the platform's tools, a backend and a passphrase, as somebody who is logged in has them. */
  readonly env: NodeJS.ProcessEnv;
  /** Charts and Pulumi's state. */
  readonly folder: string;
  readonly kubeconfig: string;
}

/** Makes the cluster, with the images in its nodes: they have no registry to pull from. */
export async function makeThere(): Promise<There> {
  await removeThere();
  await ensureCluster(clusterSpec(), progress);
  await loadBuilt(clusterSpec(), builtImages(), progress);
  await ensurePulumi(progress);
  const folder = await mkdtemp(join(tmpdir(), "existing-"));
  const { KUBECONFIG: _elsewhere, ...env } = await stackEnvironment();
  const backend = { PULUMI_BACKEND_URL: pathToFileURL(folder).href, PULUMI_CONFIG_PASSPHRASE: "of-their-own" };
  return { folder, kubeconfig: kubeconfigFile(clusterSpec().name), env: { ...env, ...backend } };
}

/** Removes all of it, as far as it is there. */
export async function removeThere(there?: There): Promise<void> {
  await rm(stackFile, { force: true });
  await deleteCluster(clusterSpec(), progress);
  await removeHostTraces(clusterSpec());
  if (there) await rm(there.folder, { recursive: true, force: true });
}

/** Runs a command that must succeed. */
export async function succeed(file: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Finished> {
  const finished = await run(file, args, options);
  if (finished.exitCode === 0) return finished;
  throw new Error(`${file} ${args[0]} ended with ${finished.exitCode}:\n${finished.all.slice(-4_000)}`);
}

/** Writes the stack's file as its owner does: settings, and the kubeconfig as a secret that only a passphrase opens. */
export async function writeStack({ env, folder, kubeconfig }: There): Promise<void> {
  await writeFile(stackFile, stringify({ config: await settings(folder) }));
  await succeed("pulumi", ["stack", "init", stack, "--no-select", "--non-interactive"], { env });
  const secret = ["config", "set", "--secret", "--path", "mesh:existing.kubeconfig", "--stack", stack, "--non-interactive"];
  await succeed("pulumi", secret, { env, stdin: { file: kubeconfig } });
}

async function settings(folder: string): Promise<Record<string, unknown>> {
  const [base, cni, istiod, gateway] = await Promise.all([
    mirrorChart(folder, "base"),
    mirrorChart(folder, "cni"),
    mirrorChart(folder, "istiod"),
    mirrorChart(folder, "gateway"),
  ]);
  const { registry, repository, tag } = imageReference({ name: "pilot" });
  const programOf = (source: string) => ({ image: imageReference(builtProgram(source)) });
  return {
    "mesh:target": "existing",
    "mesh:sources": "published",
    "mesh:gateway": "istio",
    "mesh:existing": { context: `kind-${clusterSpec().name}`, exposure: { type: "NodePort", host: "localhost", ports } },
    "mesh:tls": { hosts: ["shop.example.com"], issuer: "self-signed", plaintext: true },
    "mesh:apps": {
      product: {
        product: {
          ...programOf("apps/product/product/server.ts"),
          replicas: 1,
          versions: { v1: {}, v2: { ...programOf("apps/product/product-v2/server.ts"), weight: 10, replicas: 1 } },
        },
      },
      prod: {
        ...Object.fromEntries(
          ["frontend", "backend", "recommendations"].map((name) => [name, programOf(`apps/shop/${name}/server.ts`)]),
        ),
        ...Object.fromEntries(["migrate", "report"].map((name) => [name, programOf("apps/shop/jobs/main.ts")])),
      },
    },
    "mesh:charts": { base, cni, istiod, gateway },
    "mesh:images": {
      istio: { registry, repository: repository.replace(/\/pilot$/, ""), tag },
      postgresql: imageReference({ name: "postgresql" }),
      fortio: imageReference({ name: "fortio" }),
    },
  };
}

/**
 * A chart as a mirror of one's own offers it: a copy whose defaults suit the images there, as those of Istio's charts suit
 * Istio's. The stack says nothing of them.
 */
async function mirrorChart(folder: string, name: Chart): Promise<{ path: string }> {
  const path = join(folder, "charts", name);
  await cp(chartPath(name), path, { recursive: true });
  const file = join(path, "values.yaml");
  const { _internal_defaults_do_not_set: defaults, ...rest } = parse(await readFile(file, "utf8")) as Record<string, Values>;
  const suited = merge(defaults ?? {}, builtValues[name] ?? {});
  await writeFile(file, stringify({ _internal_defaults_do_not_set: suited, ...rest }));
  return { path };
}

/** What is in the cluster, as its owner sees it, who has a kubeconfig of their own. */
export async function ownerSees({ env, kubeconfig }: There, ...args: string[]): Promise<string> {
  return (await succeed("kubectl", args, { env: { ...env, KUBECONFIG: kubeconfig } })).stdout;
}

/** Every object that stays until somebody removes it, as `Kind/namespace/name`. */
export async function listObjects(there: There): Promise<string[]> {
  const lasting = await listLasting((...args) => ownerSees(there, ...args), "cluster");
  return lasting.map(({ object }) => object);
}

/** Runs a command in a shell that evaluated `make env` for the stack. */
export async function inShell({ env }: There, command: string): Promise<Finished> {
  return succeed("bash", ["-c", `eval "$(make --silent env STACK=${stack})" && ${command}`], { env });
}
