import { readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { attempt, output } from "../../lib/process.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import { removeModulesFolder } from "./modulesFolder.ts";
import { container, findRuntime, lines, type Runtime } from "./runtime.ts";

/**
 * Removes what podman's network programs leave on the machine when the last container is gone: chains without a rule that
 * leads anywhere, and the mount of an empty folder. Where podman was killed while it started a container, also that
 * container's namespace, the bridge it was to be on, and the name server that goes on for it. Also the folder of the
 * kernel's modules, where it was made for the nodes. All are made again when the next container starts. While any container is there, of whomever, nothing is touched.
 */
export async function removeHostTraces({ sources }: KindSpec): Promise<void> {
  const runtime = await findRuntime(sources).catch(() => undefined);
  if (runtime?.name !== "podman" || (await hasContainers(runtime))) return;
  await removeRemains(runtime.env);
  for (const version of ["iptables", "ip6tables"]) await removeChains(version, runtime.env);
  await unmountNamespaces(runtime.env);
  await removeModulesFolder();
}

async function hasContainers(runtime: Runtime): Promise<boolean> {
  return lines(await container(runtime, ["ps", "--all", "--external", "--quiet"])).length > 0;
}

/** Where what podman makes for containers is found, so that tests can say it is elsewhere. */
export interface Places {
  /** Network namespaces, as files. */
  readonly namespaces: string;
  /** The number of the name server's process, and for whom it is there. */
  readonly nameServer: string;
  /** Devices of the network, as folders. */
  readonly devices: string;
}

const places: Places = {
  namespaces: "/run/netns",
  nameServer: "/run/containers/networks/aardvark-dns",
  devices: "/sys/class/net",
};

/** Removes what was made for containers that podman, killed meanwhile, does not know of. */
export async function removeRemains(env: NodeJS.ProcessEnv, where = places): Promise<void> {
  await endNameServer(where);
  await removeNamespaces(where);
  await removeBridges(where, env);
}

async function endNameServer({ nameServer }: Places): Promise<void> {
  const pid = Number(await readFile(join(nameServer, "aardvark.pid"), "utf8").catch(() => ""));
  if (pid > 0 && (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")) === "aardvark-dns\n") process.kill(pid, "SIGTERM");
  await rm(nameServer, { recursive: true, force: true });
}

/** What podman calls a container's network namespace. */
const ofPodman = /^netns-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Those in which no process is. */
async function removeNamespaces({ namespaces }: Places): Promise<void> {
  const names = (await readdir(namespaces).catch((): string[] => [])).filter((name) => ofPodman.test(name));
  if (names.length === 0) return;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const inUse = new Set(await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => ""))));
  for (const file of names.map((name) => join(namespaces, name))) {
    if (inUse.has(`net:[${(await stat(file)).ino}]`)) continue;
    await attempt("umount", [file]);
    await rm(file, { force: true });
  }
}

/** The bridges of podman's networks on which nobody else has put anything. */
async function removeBridges({ devices }: Places, env: NodeJS.ProcessEnv): Promise<void> {
  const names = (await readdir(devices)).filter((name) => /^podman\d+$/.test(name));
  for (const name of names) {
    const ports = await readdir(join(devices, name, "brif")).catch(() => undefined);
    if (ports?.every((port) => port.startsWith("veth"))) await attempt("ip", ["link", "delete", name], { env });
  }
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

/** A folder with nothing in it that is mounted onto itself, once for each time podman did so. */
async function unmountNamespaces(env: NodeJS.ProcessEnv): Promise<void> {
  const { namespaces } = places;
  const isMounted = async () => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${namespaces} `);
  while ((await isMounted()) && (await readdir(namespaces)).length === 0) {
    if (!(await attempt("umount", [namespaces], { env })).ok) return;
  }
}
