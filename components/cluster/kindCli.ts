import type { KindSpec } from "../../model/kindSpec.ts";
import { answerOf } from "../support/runCli.ts";

/** What `cli/cluster.ts` answers, by its commands. */
export interface EngineAnswer {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly state?: "running" | "stopped" | "absent";
}

/** Runs one command of the cluster's command line, which does the work. */
export function engine(command: "ensure" | "read" | "load" | "delete", spec: KindSpec, ...args: string[]): Promise<EngineAnswer> {
  return answerOf(["cli/cluster.ts", command, "--spec", JSON.stringify(spec), ...args]);
}
