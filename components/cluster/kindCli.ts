import type { KindSpec } from "../../model/kindSpec.ts";
import { runCli } from "../support/runCli.ts";

/** What `cli/cluster.ts` answers, by its commands. */
export interface KindCliAnswer {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly state?: "running" | "stopped" | "absent";
}

/** Runs one command of the cluster's command line, which does the work. */
export function runKindCli(
  command: "ensure" | "read" | "load" | "delete",
  spec: KindSpec,
  ...args: string[]
): Promise<KindCliAnswer> {
  return runCli(["cli/cluster.ts", command, "--spec", JSON.stringify(spec), ...args]);
}
