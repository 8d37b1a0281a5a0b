// Package objects holds what is known about Kubernetes objects without asking a cluster: their identity, names, immutable fields, and
// the differences that matter.
package objects

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// KindOf reads a Pulumi type token: kubernetes:apps/v1:Deployment, kubernetes:core/v1:Namespace.
func KindOf(token string) (schema.GroupVersionKind, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != "kubernetes" || parts[2] == "" {
		return schema.GroupVersionKind{}, fmt.Errorf("%s is not the type of a Kubernetes object", token)
	}
	group, version, found := strings.Cut(parts[1], "/")
	if !found {
		group, version = "core", parts[1]
	}
	if group == "core" {
		group = ""
	}
	return schema.GroupVersionKind{Group: group, Version: version, Kind: parts[2]}, nil
}

// Refused tells whether a token belongs to something that only the published plugin does.
func Refused(token string) bool {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return false
	}
	switch module := parts[1]; {
	case module == "yaml", module == "yaml/v2", module == "kustomize", module == "kustomize/v2":
		return true
	case module == "helm.sh/v3":
		return parts[2] != "Release"
	default:
		return module == "helm.sh/v2" || module == "helm.sh/v4"
	}
}

// Name splits the identifier of an object: namespace/name, or name alone.
func Name(id string) (namespace, name string) {
	if namespace, name, found := strings.Cut(id, "/"); found {
		return namespace, name
	}
	return "", id
}

// ID joins what Name splits.
func ID(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// clusterScoped are the kinds of Kubernetes itself that have no namespace.
var clusterScoped = set(
	"Namespace", "Node", "PersistentVolume", "ComponentStatus",
	"admissionregistration.k8s.io/MutatingWebhookConfiguration", "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
	"admissionregistration.k8s.io/ValidatingAdmissionPolicy", "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
	"admissionregistration.k8s.io/MutatingAdmissionPolicy", "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
	"apiextensions.k8s.io/CustomResourceDefinition", "apiregistration.k8s.io/APIService",
	"certificates.k8s.io/CertificateSigningRequest", "certificates.k8s.io/ClusterTrustBundle",
	"flowcontrol.apiserver.k8s.io/FlowSchema", "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
	"internal.apiserver.k8s.io/StorageVersion", "storagemigration.k8s.io/StorageVersionMigration",
	"networking.k8s.io/IngressClass", "networking.k8s.io/IPAddress", "networking.k8s.io/ServiceCIDR", "node.k8s.io/RuntimeClass",
	"rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding",
	"resource.k8s.io/DeviceClass", "resource.k8s.io/ResourceSlice", "resource.k8s.io/DeviceTaintRule",
	"scheduling.k8s.io/PriorityClass", "storage.k8s.io/CSIDriver", "storage.k8s.io/CSINode", "storage.k8s.io/StorageClass",
	"storage.k8s.io/VolumeAttachment", "storage.k8s.io/VolumeAttributesClass",
)

// builtin are the API groups of Kubernetes itself.
var builtin = set(
	"", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io",
	"authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
	"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
	"rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
)

// Namespaced tells whether a kind of Kubernetes itself has namespaces; known is false for the kinds that others define.
func Namespaced(kind schema.GroupKind) (namespaced, known bool) {
	if !builtin[kind.Group] {
		return false, false
	}
	key := kind.Kind
	if kind.Group != "" {
		key = kind.Group + "/" + kind.Kind
	}
	return !clusterScoped[key], true
}

func set(members ...string) map[string]bool {
	result := make(map[string]bool, len(members))
	for _, member := range members {
		result[member] = true
	}
	return result
}
