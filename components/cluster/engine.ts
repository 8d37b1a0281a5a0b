import type { KindSpec } from "../../cli/kind/spec.ts";

/** What `cli/cluster.ts` answers, by its commands. */
export interface EngineAnswer {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly state?: "running" | "stopped" | "absent";
}

/**
 * Runs one command of the cluster's command line, which does the work, in the project's folder, where Pulumi starts a
 * dynamic provider.
 *
 * Pulumi stores the methods of dynamic providers as text together with all they refer to: so this refers to nothing
 * outside itself, and imports what it needs when it runs.
 */
export async function engine(
  command: "ensure" | "read" | "load" | "delete",
  spec: KindSpec,
  ...args: string[]
): Promise<EngineAnswer> {
  const { spawn } = await import("node:child_process");
  const words = ["--import", "tsx", "cli/cluster.ts", command, "--spec", JSON.stringify(spec), ...args];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    said.stdout += data;
  });
  child.stderr.on("data", (data) => {
    said.stderr += data;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const last = (text: string) => text.trim().split("\n").at(-1) ?? "";
  if (code !== 0) throw new Error(last(said.stderr) || `cli/cluster.ts ${command} ended with ${code}`);
  return JSON.parse(last(said.stdout)) as EngineAnswer;
}
