import { describe, expect, test } from "vitest";
import { hostProblems, type NodeHost, requireHost, thisHost } from "../../../cli/kind/hostRequirements.ts";
import { UserError } from "../../../lib/errors.ts";

/** What Debian 12 tells of itself on a machine of 4 GB. */
const debian: Readonly<Record<string, string>> = {
  "/proc/self/status": "Name:\tnode\nCapEff:\t000001ffffffffff\n",
  "/proc/meminfo": "MemTotal:        4013572 kB\nMemFree: 1 kB\n",
  "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
  "/proc/sys/net/ipv4/ip_forward": "0\n",
  "/proc/sys/fs/inotify/max_user_watches": "29316\n",
  "/proc/sys/kernel/keys/root_maxkeys": "1000000\n",
  "/proc/sys/user/max_net_namespaces": "15474\n",
};

interface Changes {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly folders?: readonly string[];
  readonly readOnly?: readonly string[];
  /** What scripts that hold this text end with. */
  readonly failing?: Readonly<Record<string, string>>;
}

/** A machine that runs nodes, but for what a test changes. */
function host({ files = {}, folders = [], readOnly = [], failing = {} }: Changes = {}): NodeHost {
  return {
    read: async (path) => ({ ...debian, ...files })[path],
    has: (path) => folders.includes(path),
    isWritable: (path) => !readOnly.includes(path),
    tryOut: async (script) => Object.entries(failing).find(([part]) => script.includes(part))?.[1],
  };
}

async function only(changes: Changes): Promise<string> {
  const problems = await hostProblems(host(changes));
  expect(problems).toHaveLength(1);
  return problems[0] ?? "";
}

test("Debian 12 has all that nodes need, with either version of control groups", async () => {
  expect(await hostProblems(host())).toEqual([]);
  const first = ["cpu", "cpuset", "memory", "pids"].map((name) => `/sys/fs/cgroup/${name}`);
  expect(await hostProblems(host({ files: { "/sys/fs/cgroup/cgroup.controllers": undefined }, folders: first }))).toEqual([]);
});

test("in a container without rights, those are named, and nothing that follows from them", async () => {
  const problem = await only({
    files: { "/proc/self/status": "CapEff:\t00000000a80425fb\n" },
    failing: { overlay: "permission denied", veth: "Operation not permitted" },
  });
  expect(problem).toMatch(/^Nodes take rights that root lacks here: CAP_NET_ADMIN, CAP_SYS_ADMIN\. .*--privileged/);
});

describe("what is missing is one sentence with what to do", () => {
  test("control groups, of either version", async () => {
    const path = "/sys/fs/cgroup/cgroup.controllers";
    expect(await only({ files: { [path]: "cpuset cpu io pids" } })).toMatch(/control groups memory, .*cgroup_enable=memory/);
    const folders = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory"];
    expect(await only({ files: { [path]: undefined }, folders })).toMatch(/control groups cpuset, pids,/);
    expect(await only({ readOnly: ["/sys/fs/cgroup"] })).toMatch(/^\/sys\/fs\/cgroup is read-only/);
  });

  test("memory", async () => {
    expect(await only({ files: { "/proc/meminfo": "MemTotal: 2000000 kB\n" } })).toMatch(/has 2\.0 GB of memory.*takes 4 GB/);
  });

  test("folders that podman writes", async () => {
    expect(await only({ readOnly: ["/var/lib/containers"] })).toMatch(
      /^\/var\/lib\/containers cannot be written.*images and nodes/,
    );
  });

  test("settings of the kernel", async () => {
    const set = (name: string, value: string) => ({ files: { [`/proc/sys/${name.replaceAll(".", "/")}`]: value } });
    expect(await only(set("kernel.keys.root_maxkeys", "200"))).toMatch(
      /root_maxkeys is 200; .* sysctl -w kernel\.keys\.root_maxkeys=1000$/,
    );
    expect(await only(set("user.max_net_namespaces", "0"))).toMatch(/sysctl -w user\.max_net_namespaces=128$/);
    const forward = "/proc/sys/net/ipv4/ip_forward";
    expect(await only({ readOnly: [forward] })).toMatch(/does not forward packets.*sysctl -w net\.ipv4\.ip_forward=1/);
    expect(await hostProblems(host({ readOnly: [forward], files: { [forward]: "1\n" } }))).toEqual([]);
  });

  test("layers of images, links, and parts of the firewall, as they were tried out", async () => {
    expect(await only({ failing: { "mount -t overlay": "wrong fs type" } })).toMatch(
      /^Images .*\(wrong fs type\): modprobe overlay/,
    );
    expect(await only({ failing: { "type veth": "Unknown device type." } })).toMatch(
      /\(Unknown device type\.\): modprobe --all veth bridge$/,
    );
    expect(await only({ failing: { iptables: "xt_owner" } })).toMatch(/parts of its firewall that nodes use: xt_owner\./);
  });

  test("all of it at once, as one error of the user's", async () => {
    const changes = { readOnly: ["/run"], failing: { iptables: "xt_mark" } };
    expect(await hostProblems(host(changes))).toHaveLength(2);
    await expect(requireHost(host(changes))).rejects.toThrow(UserError);
    await expect(requireHost(host())).resolves.toBeUndefined();
  });
});

test("what is tried out fails with its last words", async () => {
  expect(await thisHost.tryOut("true")).toBeUndefined();
  expect(await thisHost.tryOut("echo first >&2; echo last >&2; exit 2")).toBe("last");
});
