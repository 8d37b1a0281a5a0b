import { kubectl } from "../../lib/runningStack.ts";

/** Runs a program of Node.js in a pod of a workload, with its account and the scope of its proxy, and gives what it prints. */
export async function execute(namespace: string, workload: string, program: string): Promise<string> {
  const place = [`--namespace=${namespace}`];
  const name = "--output=jsonpath={.items[0].metadata.name}";
  const pod = await kubectl("get", "pods", `--selector=app=${workload}`, "--field-selector=status.phase=Running", ...place, name);
  return executeIn(namespace, pod, workload, program);
}

/** The same in a pod by its name. */
export function executeIn(namespace: string, pod: string, container: string, program: string): Promise<string> {
  return kubectl("exec", pod, `--namespace=${namespace}`, `--container=${container}`, "--", "node", "--eval", program);
}
