import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { sealed } from "../../config/clusters.ts";
import { UserError } from "../../lib/errors.ts";
import { projectDir } from "../../lib/paths.ts";
import { isMapping } from "../../lib/values.ts";

/** The stacks that have a file in this project. */
export function listStacks(folder = projectDir): string[] {
  return readdirSync(folder)
    .map((file) => /^Pulumi\.([A-Za-z0-9_-]+)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** The stack of this project that asks for a kind cluster of this name, as far as the stacks' files tell. */
export function stackOfCluster(cluster: string, folder = projectDir): string | undefined {
  return listStacks(folder).find((stack) => {
    try {
      const { name } = JSON.parse(readStackFile(stack, folder)["mesh:cluster"] ?? "{}") as { name?: unknown };
      return name === cluster;
    } catch {
      return false;
    }
  });
}

/**
 * Reads a stack's configuration from its file, as the program gets it from Pulumi: scalars as text, structured values as JSON.
 *
 * @param stack - its name, with or without the organization and project in front.
 * @throws UserError that lists the stacks when there is no such file.
 */
export function readStackFile(stack: string, folder = projectDir): Record<string, string> {
  const name = stack.split("/").at(-1) ?? stack;
  if (!listStacks(folder).includes(name)) {
    throw new UserError(
      `There is no stack \`${stack}\`: the project has ${listStacks(folder).join(", ")} (files Pulumi.<stack>.yaml). Try: make up STACK=local`,
    );
  }
  const file = `Pulumi.${name}.yaml`;
  // Pulumi takes a date without quotes for a moment, and writes that in its own way.
  const document = parseDocument(readFileSync(join(folder, file), "utf8"), { customTags: ["timestamp"] });
  const [error] = document.errors;
  if (error) throw new UserError(`${file} is not YAML: ${error.message.split("\n")[0]}`);
  const settings: unknown = document.toJS();
  const config = isMapping(settings) ? (settings.config ?? {}) : {};
  if (!isMapping(config)) throw new UserError(`${file}: config is ${JSON.stringify(config)}; allowed: a mapping of keys`);
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const open = withoutSecrets(value);
      return [key, typeof open === "string" ? open : JSON.stringify(open)];
    }),
  );
}

/** A value with a word in the place of each secret, which only Pulumi can open. */
function withoutSecrets(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isMapping(value)) return value;
  if (typeof value.secure === "string" && Object.keys(value).length === 1) return sealed;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}
