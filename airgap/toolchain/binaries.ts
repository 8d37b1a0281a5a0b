import { moduleVersion } from "../inputs.ts";
import { istioVersion, kubernetesVersion, type ToolchainPart } from "../names.ts";

/** A program that is built from a Go package. */
export interface Binary {
  /** File name of the result. */
  readonly name: string;
  /** Import path of the main package, or a folder of airgap/go.mod's own module. */
  readonly package: string;
  /** `user`: for people too, on their PATH. `image`: goes into images alone. `pulumi`: a plugin, which Pulumi starts. */
  readonly for: "user" | "image" | "pulumi";
}

const kubernetes = (name: string, use: Binary["for"] = "image"): Binary => ({
  name,
  package: `k8s.io/kubernetes/cmd/${name}`,
  for: use,
});
const istio = (path: string, use: Binary["for"] = "image"): Binary => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  package: `istio.io/istio/${path}`,
  for: use,
});
const plugin = (name: string): Binary => ({ name, package: `./provider/cmd/${name}`, for: "pulumi" });

/** What airgap/go.mod builds, by the part of the toolchain. */
export const binaries: Readonly<Record<ToolchainPart, readonly Binary[]>> = {
  cluster: [
    kubernetes("kubectl", "user"),
    kubernetes("kubelet"),
    kubernetes("kubeadm"),
    kubernetes("kube-apiserver"),
    kubernetes("kube-controller-manager"),
    kubernetes("kube-scheduler"),
    kubernetes("kube-proxy"),
    { name: "etcd", package: "go.etcd.io/etcd/server/v3", for: "image" },
    { name: "crictl", package: "sigs.k8s.io/cri-tools/cmd/crictl", for: "image" },
    { name: "coredns", package: "./cmd/coredns", for: "image" },
    { name: "pause", package: "./cmd/pause", for: "image" },
    { name: "nodeagent", package: "./cmd/nodeagent", for: "image" },
    { name: "kind", package: "sigs.k8s.io/kind", for: "user" },
    istio("pilot/cmd/pilot-discovery"),
    istio("pilot/cmd/pilot-agent"),
    istio("cni/cmd/install-cni"),
    istio("cni/cmd/istio-cni"),
    { name: "fortio", package: "fortio.org/fortio", for: "image" },
  ],
  pulumi: [
    { name: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", for: "user" },
    plugin("pulumi-resource-kubernetes"),
    plugin("pulumi-resource-random"),
  ],
  tools: [{ name: "helm", package: "helm.sh/helm/v3/cmd/helm", for: "user" }, istio("istioctl/cmd/istioctl", "user")],
};

/** The Node.js language host: the last module that holds it is older than the rest, so it has a go.mod of its own. */
export const languageHost: Binary = {
  name: "pulumi-language-nodejs",
  package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  for: "user",
};

/**
 * What every build leaves out of the sources, as Istio's own releases do: checks of Envoy's messages that nobody calls, a third of them,
 * and pages that trace requests of gRPC, for which the linker keeps all methods of whatever is in a program.
 */
export const buildTags = "-tags=disable_pgv,grpcnotrace,retrynotrace";

/**
 * Flags of every build. The compiler has a third less to do, and the cache less to hold, without debug information, without
 * profile-guided inlining, and without inlining where it does not pay: Go's own library and what puts load on services keep it. Without
 * paths and commit the result is the same in every checkout.
 */
export const buildFlags = [
  ...[buildTags, "-trimpath", "-buildvcs=false", "-pgo=off", "-mod=readonly"],
  // The last one that fits a package counts.
  ...["-gcflags=all=-dwarf=false -l", "-gcflags=std=-dwarf=false", "-gcflags=fortio.org/...=-dwarf=false"],
] as const;

/** Linker flags: no symbol tables, and the versions that each project's own release build stamps in. */
export function linkerFlags(): string {
  const [major, minor] = kubernetesVersion().slice(1).split(".");
  const stamps: Record<string, string> = {
    "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": moduleVersion("github.com/pulumi/pulumi/pkg/v3"),
    "helm.sh/helm/v3/internal/version.version": moduleVersion("helm.sh/helm/v3"),
    "istio.io/istio/pkg/version.buildVersion": istioVersion(),
    "istio.io/istio/pkg/version.buildTag": istioVersion(),
    "istio.io/istio/pkg/version.buildGitRevision": istioVersion().split("-").at(-1) ?? "",
    "istio.io/istio/pkg/version.buildStatus": "Clean",
    "sigs.k8s.io/cri-tools/pkg/version.Version": moduleVersion("sigs.k8s.io/cri-tools").slice(1),
  };
  // What `helm template` takes the cluster to be where there is none.
  for (const place of ["helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"]) {
    Object.assign(stamps, { [`${place}.k8sVersionMajor`]: major, [`${place}.k8sVersionMinor`]: minor });
  }
  for (const place of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
    Object.assign(stamps, {
      [`${place}.gitVersion`]: kubernetesVersion(),
      [`${place}.gitMajor`]: major,
      [`${place}.gitMinor`]: minor,
      [`${place}.gitTreeState`]: "clean",
    });
  }
  return ["-s -w", ...Object.entries(stamps).map(([variable, value]) => `-X ${variable}=${value}`)].join(" ");
}
