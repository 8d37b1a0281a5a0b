import { accessSync, constants, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { podmanStorage } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { nearestExisting } from "../../lib/paths.ts";
import { attempt } from "../../lib/process.ts";

/** What the nodes' machine tells of itself, so that tests can say it tells something else. */
export interface NodeHost {
  /** A file's content; undefined where it cannot be read. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** Whether there is such a file or folder. */
  readonly has: (path: string) => boolean;
  /** Whether files can be written there. Of what is not there, its nearest parent counts. */
  readonly isWritable: (path: string) => boolean;
  /** Runs a shell's script and resolves to its last words where it fails. */
  readonly tryOut: (script: string) => Promise<string | undefined>;
}

/** The machine this runs on. */
export const thisHost: NodeHost = {
  read: (path) => readFile(path, "utf8").catch(() => undefined),
  has: existsSync,
  isWritable(path) {
    try {
      accessSync(nearestExisting(path), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  async tryOut(script) {
    const { ok, all } = await attempt("sh", ["-c", script]);
    return ok ? undefined : (all.trim().split("\n").at(-1) ?? "");
  },
};

/**
 * Refuses a machine that cannot run nodes.
 *
 * @throws UserError with all that is missing.
 */
export async function requireHost(host: NodeHost = thisHost): Promise<void> {
  const problems = await hostProblems(host);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

/**
 * What keeps this machine from running nodes, one sentence each with what to do. Only looks and tries out: what it makes ends with
 * the namespaces it makes it in.
 */
export async function hostProblems(host: NodeHost = thisHost): Promise<string[]> {
  const rights = await capabilityProblem(host);
  // Without these rights everything else fails as well.
  if (rights) return [rights];
  const problems = [
    await controlGroupProblem(host),
    await memoryProblem(host),
    ...folderProblems(host),
    ...(await sysctlProblems(host)),
    await overlayProblem(host),
    await linkProblem(host),
    ...(await firewallProblems(host)),
  ];
  return problems.filter((problem) => problem !== undefined);
}

const elsewhere = "Use a machine of its own, or a container with --privileged.";

/** The rights of root that podman, systemd in the nodes and istio-cni take, by their number in the kernel. */
const capabilities = { CAP_NET_ADMIN: 12, CAP_SYS_CHROOT: 18, CAP_SYS_ADMIN: 21, CAP_MKNOD: 27 } as const;

async function capabilityProblem({ read }: NodeHost): Promise<string | undefined> {
  const mask = /^CapEff:\s+([0-9a-f]+)$/m.exec((await read("/proc/self/status")) ?? "")?.[1];
  if (mask === undefined) return undefined;
  const has = (bit: number) => (BigInt(`0x${mask}`) >> BigInt(bit)) & 1n;
  const missing = Object.entries(capabilities).flatMap(([name, bit]) => (has(bit) ? [] : [name]));
  if (missing.length === 0) return undefined;
  return `Nodes take rights that root lacks here: ${missing.join(", ")}. ${elsewhere}`;
}

/** Control groups without which kubelet does not start. */
const controllers = ["cpu", "cpuset", "memory", "pids"];

async function controlGroupProblem({ read, has, isWritable }: NodeHost): Promise<string | undefined> {
  const top = "/sys/fs/cgroup";
  const unified = await read(`${top}/cgroup.controllers`);
  const there = unified?.trim().split(/\s+/) ?? controllers.filter((name) => has(`${top}/${name}`));
  const missing = controllers.filter((name) => !there.includes(name));
  if (missing.length > 0) {
    return `kubelet needs the control groups ${missing.join(", ")}, which are not at ${top}: add cgroup_enable=memory to the kernel's command line, or mount them.`;
  }
  if (isWritable(top)) return undefined;
  return `${top} is read-only, and each pod gets a control group there. ${elsewhere}`;
}

/** What the platform takes, with room for what else runs. A machine of 4 GB tells of a little less. */
const leastMemory = 3e9;

async function memoryProblem({ read }: NodeHost): Promise<string | undefined> {
  const kilobytes = /^MemTotal:\s+(\d+) kB/m.exec((await read("/proc/meminfo")) ?? "")?.[1];
  const bytes = Number(kilobytes) * 1024;
  if (kilobytes === undefined || bytes >= leastMemory) return undefined;
  return `This machine has ${(bytes / 1e9).toFixed(1)} GB of memory; building and running everything here takes 4 GB.`;
}

/** Where podman writes, and what it keeps there. */
const written: Readonly<Record<string, string>> = {
  "/run": "what runs",
  [podmanStorage]: "images and nodes",
  "/etc/cni": "networks",
  "/tmp": "what it works on",
};

function folderProblems({ isWritable }: NodeHost): string[] {
  return Object.entries(written).flatMap(([folder, what]) =>
    isWritable(folder) ? [] : [`${folder} cannot be written, where podman keeps ${what}: mount a file system there that can.`],
  );
}

/** Settings of the kernel, each with the least that the nodes of a cluster take. */
const least: Readonly<Record<string, number>> = {
  "fs.inotify.max_user_watches": 4096,
  "kernel.keys.root_maxkeys": 1000,
  "kernel.pid_max": 4096,
  "user.max_cgroup_namespaces": 128,
  "user.max_ipc_namespaces": 128,
  "user.max_mnt_namespaces": 256,
  "user.max_net_namespaces": 128,
  "user.max_pid_namespaces": 128,
  "user.max_uts_namespaces": 128,
};

const fileOf = (setting: string) => `/proc/sys/${setting.replaceAll(".", "/")}`;

async function sysctlProblems({ read, isWritable }: NodeHost): Promise<string[]> {
  const problems: string[] = [];
  for (const [setting, needed] of Object.entries(least)) {
    const given = Number((await read(fileOf(setting))) ?? Number.POSITIVE_INFINITY);
    if (given >= needed) continue;
    problems.push(`The kernel's ${setting} is ${given}; nodes take at least ${needed}: sysctl -w ${setting}=${needed}`);
  }
  const forward = "net.ipv4.ip_forward";
  // Podman sets it with the nodes' network.
  if ((await read(fileOf(forward)))?.trim() !== "1" && !isWritable(fileOf(forward)))
    problems.push(`The kernel does not forward packets, and that cannot be changed from here: sysctl -w ${forward}=1`);
  return problems;
}

/** Layers of images lie above each other: in podman's storage, and again in the nodes, some of whose layers are in an image of podman's. */
async function overlayProblem({ tryOut }: NodeHost): Promise<string | undefined> {
  const folder = nearestExisting(podmanStorage);
  const said = await tryOut(
    `set -e; t=$(mktemp -d '${join(folder, ".mesh-overlay-XXXXXX")}'); trap 'rm -rf "$t"' EXIT; cd "$t"; mkdir l u w m; ` +
      "unshare --mount --propagation private mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m",
  );
  if (said === undefined) return undefined;
  return `Images cannot be laid above each other in ${folder} (${said}): modprobe overlay, or mount a file system such as ext4 at ${podmanStorage}.`;
}

/** Podman joins nodes by a bridge, and nodes their pods by pairs of links. */
async function linkProblem({ tryOut }: NodeHost): Promise<string | undefined> {
  const said = await tryOut(
    "command -v ip >/dev/null || exit 0; unshare --net sh -c 'ip link add name veth0 type veth peer name veth1 && ip link add name bridge0 type bridge'",
  );
  return said === undefined ? undefined : `The kernel makes no links for nodes and pods (${said}): modprobe --all veth bridge`;
}

/** What podman's network, kube-proxy and istio-cni write into a firewall, one rule for each part of the kernel that they use. */
const rules: Readonly<Record<string, string>> = {
  "nf_nat and xt_MASQUERADE": "-A POSTROUTING -j MASQUERADE",
  xt_comment: "-A POSTROUTING -m comment --comment x -j RETURN",
  xt_mark: "-A POSTROUTING -m mark --mark 0x4000/0x4000 -j RETURN",
  xt_MARK: "-A PREROUTING -j MARK --set-xmark 0x2000/0x2000",
  xt_addrtype: "-A PREROUTING -m addrtype --dst-type LOCAL -j RETURN",
  xt_statistic: "-A PREROUTING -m statistic --mode random --probability 0.5 -j RETURN",
  xt_conntrack: "-A PREROUTING -m conntrack --ctstate ESTABLISHED -j RETURN",
  xt_DNAT: "-A PREROUTING -p tcp -j DNAT --to-destination 127.0.0.1:1",
  xt_REDIRECT: "-A PREROUTING -p tcp -j REDIRECT --to-ports 1",
  xt_owner: "-A OUTPUT -m owner --uid-owner 1337 -j RETURN",
};

/** Each rule is tried in a network of its own. Where iptables is still to be installed, this comes again before the long work. */
async function firewallProblems({ tryOut }: NodeHost): Promise<string[]> {
  const tries = Object.entries(rules).map(([part, rule]) => `iptables -t nat ${rule} 2>/dev/null || echo "${part}"`);
  const script = `command -v iptables >/dev/null || exit 0; f=$(unshare --net sh -c '${tries.join("; ")}') || f=unshare; [ -z "$f" ] || { echo $f; exit 1; }`;
  const said = await tryOut(script);
  return said === undefined ? [] : [`The kernel lacks parts of its firewall that nodes use: ${said}. modprobe loads them.`];
}
