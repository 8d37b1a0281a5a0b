import { moduleVersion } from "../inputs.ts";
import { istioVersion, kubernetesVersion } from "../names.ts";

/** A program that is built from a Go package. */
export interface Binary {
  /** File name of the result. */
  readonly name: string;
  /** Import path of the main package, or a folder of airgap/go.mod's own module. */
  readonly package: string;
  /** `user`: for people, on their PATH. `image`: goes into images alone. */
  readonly for: "user" | "image";
}

const kubernetes = (name: string, use: Binary["for"]): Binary => ({ name, package: `k8s.io/kubernetes/cmd/${name}`, for: use });
const istio = (path: string, use: Binary["for"]): Binary => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  package: `istio.io/istio/${path}`,
  for: use,
});

/** Everything that airgap/go.mod builds. */
export const binaries: readonly Binary[] = [
  kubernetes("kubectl", "user"),
  kubernetes("kubelet", "image"),
  kubernetes("kubeadm", "image"),
  kubernetes("kube-apiserver", "image"),
  kubernetes("kube-controller-manager", "image"),
  kubernetes("kube-scheduler", "image"),
  kubernetes("kube-proxy", "image"),
  { name: "etcd", package: "go.etcd.io/etcd/server/v3", for: "image" },
  { name: "crictl", package: "sigs.k8s.io/cri-tools/cmd/crictl", for: "image" },
  { name: "coredns", package: "./cmd/coredns", for: "image" },
  { name: "pause", package: "./cmd/pause", for: "image" },
  { name: "nodeagent", package: "./cmd/nodeagent", for: "image" },
  { name: "kind", package: "sigs.k8s.io/kind", for: "user" },
  { name: "helm", package: "helm.sh/helm/v3/cmd/helm", for: "user" },
  istio("istioctl/cmd/istioctl", "user"),
  istio("pilot/cmd/pilot-discovery", "image"),
  istio("pilot/cmd/pilot-agent", "image"),
  istio("cni/cmd/install-cni", "image"),
  istio("cni/cmd/istio-cni", "image"),
  { name: "fortio", package: "fortio.org/fortio", for: "image" },
  { name: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", for: "user" },
];

/** The Node.js language host: the last module that holds it is older than the rest, so it has a go.mod of its own. */
export const languageHost: Binary = {
  name: "pulumi-language-nodejs",
  package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  for: "user",
};

/**
 * Flags of every build. Without debug information and profile-guided inlining the compiler has less to do and the cache
 * less to hold; without paths and commit the result is the same in every checkout.
 */
export const buildFlags = ["-trimpath", "-buildvcs=false", "-pgo=off", "-mod=readonly", "-gcflags=all=-dwarf=false"] as const;

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
