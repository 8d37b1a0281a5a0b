import { join } from "node:path";
import { toolchainBin } from "../../../airgap/names.ts";
import { attempt } from "../../../lib/process.ts";
import type { ControlPlane } from "./controlPlane.ts";

interface Message {
  readonly code: string;
  readonly level: string;
  readonly origin?: string;
  readonly message: string;
}

/** Findings that are none of the platform's, each with the reason. */
const expected: readonly { readonly code: string; readonly origin: RegExp; readonly because: string }[] = [
  { code: "IST0102", origin: /^Namespace default$/, because: "the namespace is the user's own" },
  { code: "IST0118", origin: /^Service cert-manager\//, because: "cert-manager is not in the mesh" },
];

/** What Istio's own analysis of a whole cluster finds, at any level. */
export async function analyze(plane: ControlPlane): Promise<string[]> {
  const args = ["analyze", "--all-namespaces", `--kubeconfig=${plane.kubeconfig}`, "--output=json", "--timeout=60s"];
  const { stdout, all } = await attempt(join(toolchainBin("tools"), "istioctl"), args, { timeout: 90_000 });
  if (!stdout.trim().startsWith("[")) throw new Error(`istioctl analyze said:\n${all}`);
  const messages = JSON.parse(stdout) as Message[];
  return messages
    .filter(({ code, origin = "" }) => !expected.some((known) => known.code === code && known.origin.test(origin)))
    .map(({ code, level, origin, message }) => `${level} ${code} ${origin}: ${message}`);
}
