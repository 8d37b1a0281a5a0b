import { copyFile, cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyOf, moduleVersion } from "../../../airgap/inputs.ts";
import { chartPath } from "../../../airgap/names.ts";
import { type Detail, ensureFolder } from "../../../airgap/store/store.ts";
import { withVersion } from "../../../airgap/toolchain/charts.ts";
import { build, moduleFolder } from "../../../airgap/toolchain/go.ts";
import { cacheDir, projectDir } from "../../../lib/paths.ts";
import { output } from "../../../lib/process.ts";
import type { Progress } from "../../../lib/progress.ts";

/** Programs that only these tests run, by the name of the result. Built from tests/contract/go.mod. */
const programs = {
  "kong-ingress-controller": "github.com/kong/kubernetes-ingress-controller/v3/internal/cmd",
  actionlint: "github.com/rhysd/actionlint/cmd/actionlint",
} as const;

/** The two Go modules of the tests: programs, and what is taken for its files alone. */
const programModule = "tests/contract";
const fileModule = "tests/contract/crds";

/** What decides the result. */
const sources = [
  ...[programModule, fileModule].flatMap((folder) => [`${folder}/go.mod`, `${folder}/go.sum`]),
  "tests/contract/support/tools.ts",
];

const toolsDir = () => join(cacheDir, "contract", keyOf(sources));

/** A program of these tests. */
export const contractProgram = (name: keyof typeof programs) => join(toolsDir(), "bin", name);

/** The files with every custom resource definition that the objects of the platform need: Istio's, Kong's and cert-manager's. */
export async function definitionFiles(): Promise<string[]> {
  const folder = join(toolsDir(), "definitions");
  const ours = (await readdir(folder)).map((file) => join(folder, file));
  return [join(chartPath("base"), "files/crd-all.gen.yaml"), ...ours];
}

/** The version of cert-manager whose chart and definitions these are. */
export const certManagerVersion = () => moduleVersion("github.com/cert-manager/cert-manager", fileModule);

/** cert-manager's chart, as its own release would have it. */
export const certManagerChart = () => join(toolsDir(), "cert-manager");

/** Has the programs and definitions ready, building them where they are missing. Istio's come with the toolchain. */
export async function ensureContractTools(progress: Progress): Promise<void> {
  await ensureFolder(toolsDir(), "programs of the contract tests from Go modules", progress, buildTools);
}

async function buildTools(temporary: string, detail: Detail): Promise<void> {
  const module = join(projectDir, programModule);
  const bin = join(temporary, "bin");
  await mkdir(bin);
  await build(Object.values(programs), "-s -w", module, bin, detail);
  for (const [name, source] of Object.entries(programs)) {
    const built = join(bin, source.slice(source.lastIndexOf("/") + 1));
    if (built !== join(bin, name)) await rename(built, join(bin, name));
  }

  const definitions = join(temporary, "definitions");
  await mkdir(definitions);
  const kong = join(await moduleFolder("github.com/kong/kubernetes-configuration", module), "config/crd/ingress-controller");
  const certManager = await moduleFolder("github.com/cert-manager/cert-manager", join(projectDir, fileModule));
  await copyDefinitions(kong, definitions);
  await copyDefinitions(join(certManager, "deploy/crds"), definitions);
  await copyChart(join(certManager, "deploy/charts/cert-manager"), join(temporary, "cert-manager"));
}

async function copyDefinitions(from: string, to: string): Promise<void> {
  const files = (await readdir(from)).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
  for (const file of files) await copyFile(join(from, file), join(to, file));
}

/** The module holds the chart without the version that a release gives it. */
async function copyChart(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  await output("chmod", ["-R", "u+w", to]);
  const file = join(to, "Chart.yaml");
  await writeFile(file, withVersion(await readFile(file, "utf8"), certManagerVersion()));
}
