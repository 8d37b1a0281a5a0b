import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { toolchainBin } from "../../../airgap/names.ts";
import { output } from "../../../lib/process.ts";
import type { ControlPlane } from "./controlPlane.ts";
import type { Manifest } from "./manifests.ts";

/**
 * Pods as Istio's injector would hand them to the API server, by the templates, values and mesh configuration that the stack's own
 * release of istiod brings. It changes those in namespaces that ask for it, and no others.
 *
 * @param installed - every object of the stack, its charts' included.
 */
export async function inject(
  plane: ControlPlane,
  pods: readonly Manifest[],
  installed: readonly Manifest[],
): Promise<Manifest[]> {
  const meshed = new Set(installed.filter(isMeshed).map(({ metadata }) => metadata.name));
  const [inside, outside] = [true, false].map((wanted) =>
    pods.filter(({ metadata }) => meshed.has(metadata.namespace ?? "") === wanted),
  );
  const injector = configuration(installed, "istio-sidecar-injector");
  const folder = await mkdtemp(join(tmpdir(), "contract-injection-"));
  try {
    const file = async (name: string, content: string) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const args = [
      ...["kube-inject", `--kubeconfig=${plane.kubeconfig}`, "--timeout=20s"],
      `--injectConfigFile=${await file("templates.yaml", injector.config ?? "")}`,
      `--valuesFile=${await file("values.json", injector.values ?? "")}`,
      `--meshConfigFile=${await file("mesh.yaml", configuration(installed, "istio").mesh ?? "")}`,
      `--filename=${await file("pods.yaml", (inside ?? []).map((pod) => JSON.stringify(pod)).join("\n---\n"))}`,
    ];
    const text = await output(join(toolchainBin("tools"), "istioctl"), args, { timeout: 60_000 });
    const injected = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
    return [...injected.filter((pod) => pod !== null), ...(outside ?? [])];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isMeshed({ kind, metadata: { labels = {} } }: Manifest): boolean {
  return kind === "Namespace" && (labels["istio-injection"] === "enabled" || labels["istio.io/rev"] !== undefined);
}

/** The content of one of istiod's ConfigMaps; those of a revision have its name behind theirs. */
function configuration(installed: readonly Manifest[], name: string): Readonly<Record<string, string>> {
  const found = installed.find(
    ({ kind, metadata }) =>
      kind === "ConfigMap" && metadata.namespace === "istio-system" && new RegExp(`^${name}(-|$)`).test(metadata.name),
  );
  if (!found) throw new Error(`istiod's release has no ConfigMap ${name}`);
  return found.data as Readonly<Record<string, string>>;
}
