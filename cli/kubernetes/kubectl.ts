import { attempt, type Finished } from "../../lib/process.ts";

/** Asks a cluster something; that it does not answer is part of the result. */
export type Kubectl = (args: readonly string[]) => Promise<Finished>;

/** Asks the cluster of a kubeconfig, by the kubectl on the PATH. */
export function kubectlWith(env: NodeJS.ProcessEnv): Kubectl {
  return (args) => attempt("kubectl", ["--request-timeout=10s", ...args], { env, timeout: 30_000 });
}
