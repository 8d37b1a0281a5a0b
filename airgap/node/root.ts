import { join } from "node:path";
import { projectDir } from "../../lib/paths.ts";
import { checkedOut, copyOf, folder, link, program, type Tree, text, treeOf, without } from "../../lib/tree.ts";
import { imageBinDir, kubernetesVersion, toolchainBin } from "../names.ts";
import { containerdConfig } from "./containerd.ts";

/** What of Debian's packages no node runs. */
const unused = [
  "/usr/bin/containerd-shim",
  "/usr/bin/containerd-shim-runc-v1",
  "/usr/bin/containerd-stress",
  "/usr/lib/cni",
  "/usr/share/perl",
  "/usr/share/perl5",
  "/usr/lib/x86_64-linux-gnu/perl",
  "/var/cache",
  "/var/lib/apt",
  "/var/log",
];

/** What each node makes for itself at its first start. */
const perNode = ["/etc/machine-id", "/etc/hostname", "/etc/resolv.conf", "/var/lib/dbus/machine-id"];

/** Network plugins that the pod network chains; the loopback interface of a pod is one as well. */
const networkPlugins = ["host-local", "loopback", "portmap", "ptp"];

/** Units that start with a node. */
const started = ["containerd.service", "kubelet.service"];

/** Units of a real machine: they would fail in a container, wait for hardware, or change the kernel that all nodes share. */
const masked = [
  "console-getty.service",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "getty-static.service",
  "getty.target",
  "kmod-static-nodes.service",
  "proc-sys-fs-binfmt_misc.automount",
  "sys-fs-fuse-connections.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "systemd-ask-password-console.path",
  "systemd-ask-password-wall.path",
  "systemd-binfmt.service",
  "systemd-firstboot.service",
  "systemd-logind.service",
  "systemd-machine-id-commit.service",
  "systemd-modules-load.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-pcrphase.service",
  "systemd-random-seed.service",
  "systemd-remount-fs.service",
  "systemd-repart.service",
  "systemd-sysctl.service",
  "systemd-udev-trigger.service",
  "systemd-udevd-control.socket",
  "systemd-udevd-kernel.socket",
  "systemd-udevd.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-update-utmp.service",
  "tmp.mount",
];

/** A node's Debian: the layer that changes least. */
export function debianLayer(debian: string): Promise<Tree> {
  return treeOf(copyOf(debian, "/"), without(...unused, ...perNode, "/etc/systemd/system", "/dev", "/proc", "/sys", "/run"));
}

/**
 * What makes a node of Debian: Kubernetes' programs and the settings in rootfs/.
 *
 * @param pause - the image that holds each pod's namespaces.
 */
export function nodeLayer(debian: string, pause: string): Promise<Tree> {
  const units = "/etc/systemd/system";
  return treeOf(
    checkedOut(join(projectDir, "airgap/node/rootfs"), "/"),
    text("/etc/containerd/config.toml", containerdConfig(pause)),
    text("/etc/machine-id", ""),
    text("/kind/version", kubernetesVersion()),
    ...["kubelet", "kubeadm", "kubectl", "crictl"].map((name) => program(`/usr/bin/${name}`, binary(name))),
    ...networkPlugins.map((name) => program(`/opt/cni/bin/${name}`, join(debian, "usr/lib/cni", name))),
    link(`${units}/default.target`, "/lib/systemd/system/multi-user.target"),
    ...started.map((unit) => link(`${units}/multi-user.target.wants/${unit}`, `${units}/${unit}`)),
    ...masked.map((unit) => link(`${units}/${unit}`, "/dev/null")),
    ...["/dev", "/etc/cni/net.d", "/etc/kubernetes/manifests", "/proc", "/run", "/sys", "/var/cache", "/var/log"].map((path) =>
      folder(path),
    ),
  );
}

/** kubectl serves both people and nodes. */
const binary = (name: string) => join(name === "kubectl" ? toolchainBin("cluster") : imageBinDir(), name);
