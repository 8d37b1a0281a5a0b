import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMapping } from "../../lib/values.ts";
import { type Deployment, secretKey } from "./deployment.ts";

/** A state as pulumi exports it. */
export interface Exported {
  readonly version?: number;
  readonly deployment: Deployment;
}

/** What of a stack decides where its state is. */
interface Place {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

/*
 * A state in files, as `make` keeps that of a cluster on this machine, is read here: to start pulumi for it takes a quarter of a second each
 * time. Whatever does not look as expected is left to pulumi.
 */

/** The name in Pulumi.yaml, under which a backend of files keeps the project's stacks. */
const project = "mesh";

/** The file of a stack in a backend of files; undefined where it is kept elsewhere, or not there. */
function stateFile({ name, env }: Place): string | undefined {
  const backend = env.PULUMI_BACKEND_URL;
  if (!backend?.startsWith("file:///")) return undefined;
  const file = join(fileURLToPath(new URL(backend)), ".pulumi/stacks", project, `${name}.json`);
  return existsSync(file) ? file : undefined;
}

/** Whether a backend of files has the stack; false where only pulumi can tell. */
export function isInFile(stack: Place): boolean {
  return stateFile(stack) !== undefined;
}

/** A stack's state with its secrets closed, as `pulumi stack export` has it; undefined where only pulumi can tell. */
export async function readStateFile(stack: Place): Promise<Exported | undefined> {
  const file = stateFile(stack);
  if (!file) return undefined;
  try {
    const { version, checkpoint } = JSON.parse(await readFile(file, "utf8"));
    return isMapping(checkpoint?.latest) ? { version, deployment: checkpoint.latest } : undefined;
  } catch {
    return undefined;
  }
}

/** The outputs of a state's stack, secrets left out as `pulumi stack output` does; undefined where nothing was deployed to its end. */
export function outputsOf({ deployment }: Exported): Record<string, unknown> | undefined {
  const { outputs } = deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack") ?? {};
  return outputs && (withoutSecrets(outputs) as Record<string, unknown>);
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isMapping(value)) return value;
  if (secretKey in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}
