package objects

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// everywhere are the fields that no object can change.
var everywhere = []string{"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.generateName"}

// fixed are the fields that the API server refuses to change, by group and kind. "!" takes a field out again.
var fixed = map[string][]string{
	"apps/Deployment": {"spec.selector"},
	"apps/DaemonSet":  {"spec.selector"},
	"apps/ReplicaSet": {"spec.selector"},
	"apps/StatefulSet": {
		"spec", "!spec.replicas", "!spec.template", "!spec.updateStrategy", "!spec.persistentVolumeClaimRetentionPolicy",
		"!spec.minReadySeconds", "!spec.ordinals", "!spec.revisionHistoryLimit",
	},
	"batch/Job": {"spec.selector", "spec.template", "spec.completions", "spec.completionMode", "spec.podFailurePolicy", "spec.successPolicy",
		"spec.backoffLimitPerIndex", "spec.managedBy", "spec.manualSelector", "spec.podReplacementPolicy"},
	"Service":               {"spec.clusterIP", "spec.clusterIPs", "spec.loadBalancerClass"},
	"PersistentVolumeClaim": {"spec", "!spec.resources", "!spec.volumeAttributesClassName"},
	"PersistentVolume":      {"spec.awsElasticBlockStore", "spec.csi", "spec.hostPath", "spec.local", "spec.nfs", "spec.nodeAffinity", "spec.volumeMode"},
	"Pod": {
		"spec", "!spec.containers[*].image", "!spec.initContainers[*].image", "!spec.activeDeadlineSeconds", "!spec.tolerations",
		"!spec.terminationGracePeriodSeconds",
	},
	"Secret":                                {"type", "immutable"},
	"ConfigMap":                             {"immutable"},
	"rbac.authorization.k8s.io/RoleBinding": {"roleRef"},
	"rbac.authorization.k8s.io/ClusterRoleBinding":  {"roleRef"},
	"storage.k8s.io/StorageClass":                   {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
	"storage.k8s.io/CSIDriver":                      {"spec.attachRequired", "spec.fsGroupPolicy"},
	"networking.k8s.io/IngressClass":                {"spec.controller"},
	"scheduling.k8s.io/PriorityClass":               {"value", "preemptionPolicy"},
	"node.k8s.io/RuntimeClass":                      {"handler"},
	"apiextensions.k8s.io/CustomResourceDefinition": {"spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"},
}

type pattern struct {
	path resource.PropertyPath
	not  bool
}

type patterns []pattern

// immutable collects the fields of an object that cannot change. mutable tells that contents of a kind (ConfigMap, Secret) are updated in
// place even where that leaves pods with the old content; the published provider's default is to replace what carries `immutable: true`.
func immutable(object resource.PropertyMap, mutable func(kind string) bool) patterns {
	kind := Text(object, "kind")
	group, _, found := strings.Cut(Text(object, "apiVersion"), "/")
	key := kind
	if found {
		key = group + "/" + kind
	}
	paths := append(append([]string{}, everywhere...), fixed[key]...)
	frozen := object["immutable"].IsBool() && object["immutable"].BoolValue()
	if (key == "Secret" || key == "ConfigMap") && (frozen || !mutable(kind)) {
		paths = append(paths, "data", "stringData", "binaryData")
	}
	var result patterns
	for _, text := range paths {
		text, not := strings.CutPrefix(text, "!")
		if path, err := resource.ParsePropertyPath(text); err == nil {
			result = append(result, pattern{path: path, not: not})
		}
	}
	return result
}

func (fields patterns) match(path resource.PropertyPath, kind plugin.DiffKind) bool {
	matched := false
	for _, field := range fields {
		if !field.path.Contains(path) {
			continue
		}
		// Making an object immutable is allowed; the way back is not.
		if text := field.path.String(); text == "immutable" && kind == plugin.DiffAdd {
			continue
		}
		matched = !field.not
	}
	return matched
}
