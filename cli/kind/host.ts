import { readdir, readFile } from "node:fs/promises";
import { attempt, output } from "../support/process.ts";
import { container, findRuntime, lines, type Runtime } from "./runtime.ts";
import type { KindSpec } from "./spec.ts";

/**
 * Removes what podman's network program leaves on the machine when the last container is gone: chains without a rule that
 * leads anywhere, and the mount of an empty folder. Both are made again when the next container starts. While any container
 * is there, of whomever, nothing is touched.
 */
export async function removeHostTraces({ sources }: KindSpec): Promise<void> {
  const runtime = await findRuntime(sources).catch(() => undefined);
  if (runtime?.name !== "podman" || (await hasContainers(runtime))) return;
  for (const version of ["iptables", "ip6tables"]) await removeChains(version, runtime.env);
  await unmountNamespaces(runtime.env);
}

async function hasContainers(runtime: Runtime): Promise<boolean> {
  return lines(await container(runtime, ["ps", "--all", "--quiet"])).length > 0;
}

async function removeChains(version: string, env: NodeJS.ProcessEnv): Promise<void> {
  const saved = await attempt(`${version}-save`, [], { env });
  const script = saved.ok ? removalOf(saved.stdout) : "";
  if (script) await output(`${version}-restore`, ["--noflush"], { env, input: script });
}

/**
 * What to feed to `iptables-restore --noflush` so that podman's chains are gone from a listing of `iptables-save`. Rules
 * that lead into the chains go first, then what is in them, then they themselves.
 */
export function removalOf(saved: string): string {
  const isOurs = (chain = "") => /^NETAVARK[-_]/.test(chain);
  const tables = saved.split(/^(?=\*)/m).filter((table) => table.startsWith("*"));
  return tables
    .map((table) => {
      const all = lines(table);
      const chains = all.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []).filter(isOurs);
      if (chains.length === 0) return "";
      const into = all.filter((line) => /^-A /.test(line) && !isOurs(line.split(" ")[1]) && isOurs(/ -j (\S+)/.exec(line)?.[1]));
      const script = [
        all[0],
        ...into.map((line) => line.replace(/^-A/, "-D")),
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
        "COMMIT",
      ];
      return `${script.join("\n")}\n`;
    })
    .join("");
}

const namespaces = "/run/netns";

/** A folder with nothing in it that is mounted onto itself, once for each time podman did so. */
async function unmountNamespaces(env: NodeJS.ProcessEnv): Promise<void> {
  const isMounted = async () => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${namespaces} `);
  while ((await isMounted()) && (await readdir(namespaces)).length === 0) {
    if (!(await attempt("umount", [namespaces], { env })).ok) return;
  }
}
