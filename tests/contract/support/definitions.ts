import type { ControlPlane } from "./controlPlane.ts";
import { definitionFiles } from "./tools.ts";

/** Installs every custom resource definition and waits until the API server serves them. */
export async function installDefinitions(plane: ControlPlane): Promise<void> {
  const files = await definitionFiles();
  await plane.must(["apply", "--server-side", ...files.map((file) => `--filename=${file}`)]);
  await plane.must(["wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinitions", "--all"]);
}
