package release

import (
	"sort"
	"time"

	helm "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
)

var getOptions = metav1.GetOptions{}

// Objects are what a release's manifest consists of, in namespaces.
func Objects(release *helm.Release, client *cluster.Client) []*unstructured.Unstructured {
	var list []*unstructured.Unstructured
	manifests := releaseutil.SplitManifests(release.Manifest)
	keys := make([]string, 0, len(manifests))
	for key := range manifests {
		keys = append(keys, key)
	}
	sort.Sort(releaseutil.BySplitManifestsOrder(keys))
	for _, key := range keys {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(manifests[key]), &content); err != nil || content["kind"] == nil {
			continue
		}
		object := &unstructured.Unstructured{Object: content}
		if object.GetNamespace() == "" && namespaced(object, client) {
			object.SetNamespace(release.Namespace)
		}
		list = append(list, object)
	}
	return list
}

func namespaced(object *unstructured.Unstructured, client *cluster.Client) bool {
	kind := object.GroupVersionKind()
	if namespaced, known := objects.Namespaced(kind.GroupKind()); known {
		return namespaced
	}
	mapping, err := client.Mapping(kind)
	return err == nil && mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

// Names groups the names of a release's objects by kind and version, as the published provider does.
func Names(release *helm.Release, client *cluster.Client) map[string]any {
	names := map[string]any{}
	for _, object := range Objects(release, client) {
		kind := object.GroupVersionKind()
		key := kind.GroupKind().String() + "/" + kind.GroupVersion().String()
		list, _ := names[key].([]any)
		names[key] = append(list, objects.ID(object.GetNamespace(), object.GetName()))
	}
	return names
}

// Status is the output `status` of a release.
func Status(release *helm.Release) map[string]any {
	status := map[string]any{
		"name": release.Name, "namespace": release.Namespace, "revision": release.Version, "status": release.Info.Status.String(),
	}
	if first := FirstDeployed(release); first != "" {
		status["firstDeployed"] = first
	}
	if release.Chart != nil && release.Chart.Metadata != nil {
		status["chart"] = release.Chart.Metadata.Name
		status["version"] = release.Chart.Metadata.Version
		status["appVersion"] = release.Chart.Metadata.AppVersion
	}
	return status
}

// FirstDeployed is when a release was installed: what tells it from another one that had or will have its name.
func FirstDeployed(release *helm.Release) string {
	if release.Info == nil || release.Info.FirstDeployed.IsZero() {
		return ""
	}
	return release.Info.FirstDeployed.UTC().Format(time.RFC3339Nano)
}

// access is the cluster's client as Helm wants it: in a release's namespace.
type access struct {
	*cluster.Client
	namespace string
}

func (access access) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return namespacedLoader{access.Client.ToRawKubeConfigLoader(), access.namespace}
}

type namespacedLoader struct {
	kubeconfig
	namespace string
}

type kubeconfig = clientcmd.ClientConfig

func (loader namespacedLoader) Namespace() (string, bool, error) { return loader.namespace, true, nil }
