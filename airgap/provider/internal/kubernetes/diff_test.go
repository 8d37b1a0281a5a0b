package kubernetes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	session := connect(t)
	with := func(path string, value any, program object) object {
		changed := resource.NewObjectProperty(resource.NewPropertyMapFromMap(program))
		parsed, err := resource.ParsePropertyPath(path)
		must(t, err)
		if !parsed.Set(changed, resource.NewPropertyValue(value)) {
			t.Fatalf("cannot set %s", path)
		}
		return changed.ObjectValue().Mappable()
	}
	web := deployment("shop", "web:1", 2)
	service := object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "s", "namespace": "shop"}, "spec": object{"clusterIP": "10.96.0.9", "ports": []any{object{"port": 80}}}}
	job := object{"apiVersion": "batch/v1", "kind": "Job", "metadata": object{"name": "j"}, "spec": object{"template": object{"spec": object{"x": "1"}}, "parallelism": 1}}
	claim := object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": "c"}, "spec": object{"accessModes": []any{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": "1Gi"}}}}
	set := object{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": object{"name": "s"}, "spec": object{"serviceName": "a", "replicas": 1}}
	binding := object{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": object{"name": "b"}, "roleRef": object{"name": "r"}, "subjects": []any{object{"name": "x"}}}
	class := object{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": object{"name": "c"}, "parameters": object{"a": "b"}, "allowVolumeExpansion": true}
	conf := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "c", "labels": object{"x": "1"}}, "data": object{"a": "b"}}
	widget := object{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": object{"name": "w"}, "spec": object{"size": 1}}
	for _, test := range []struct {
		token   string
		program object
		path    string
		value   any
		replace bool
	}{
		{deploymentToken, web, "spec.replicas", 3, false},
		{deploymentToken, web, "spec.template.spec.containers[0].image", "web:2", false},
		{deploymentToken, web, "spec.selector.matchLabels.app", "shop", true},
		{deploymentToken, web, "metadata.name", "other", true},
		{deploymentToken, web, "metadata.namespace", "other", true},
		{deploymentToken, web, "metadata.labels.app", "other", false},
		{serviceToken, service, "spec.clusterIP", "10.96.0.10", true},
		{serviceToken, service, "spec.ports[0].port", 81, false},
		{"kubernetes:batch/v1:Job", job, "spec.template.spec.x", "2", true},
		{"kubernetes:batch/v1:Job", job, "spec.parallelism", 2, false},
		{"kubernetes:core/v1:PersistentVolumeClaim", claim, "spec.accessModes[0]", "ReadWriteMany", true},
		{"kubernetes:core/v1:PersistentVolumeClaim", claim, "spec.resources.requests.storage", "2Gi", false},
		{"kubernetes:apps/v1:StatefulSet", set, "spec.serviceName", "b", true},
		{"kubernetes:apps/v1:StatefulSet", set, "spec.replicas", 2, false},
		{"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", binding, "roleRef.name", "q", true},
		{"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", binding, "subjects[0].name", "y", false},
		{"kubernetes:storage.k8s.io/v1:StorageClass", class, "parameters.a", "c", true},
		{"kubernetes:storage.k8s.io/v1:StorageClass", class, "allowVolumeExpansion", false, false},
		{configMapToken, conf, "data.a", "c", true},
		{configMapToken, conf, "metadata.labels.x", "2", false},
		{"kubernetes:example.com/v1:Widget", widget, "spec.size", 2, false},
	} {
		subject := session.resource(test.token, "x")
		subject.inputs = properties(test.program)
		if same := subject.diff(properties(test.program)); same.Changes != pulumirpc.DiffResponse_DIFF_NONE {
			t.Errorf("%s: differs from itself: %v", test.token, same)
		}
		response := subject.diff(properties(with(test.path, test.value, test.program)))
		input := strings.FieldsFunc(test.path, func(char rune) bool { return char == '.' || char == '[' })[0]
		if len(response.DetailedDiff) != 1 || response.DetailedDiff[test.path] == nil || !slices.Equal(response.Diffs, []string{input}) || (len(response.Replaces) > 0) != test.replace {
			t.Errorf("%s %s: %v", test.token, test.path, response)
		}
		// Two objects of one name cannot exist, so a named one goes first, unless its name or place is what changes. The engine asks that of
		// an object without changes too: of one that it deleted to replace it before it was stopped.
		moves := test.path == "metadata.name" || test.path == "metadata.namespace"
		if same := subject.diff(properties(test.program)); !same.DeleteBeforeReplace {
			t.Errorf("%s: the engine would make its successor first", test.token)
		}
		if response.DeleteBeforeReplace == moves {
			t.Errorf("%s %s: deleteBeforeReplace is %v", test.token, test.path, response.DeleteBeforeReplace)
		}
		if ignored := subject.diff(properties(with(test.path, test.value, test.program)), test.path); ignored.Changes != pulumirpc.DiffResponse_DIFF_NONE {
			t.Errorf("%s %s: ignored, and yet %v", test.token, test.path, ignored)
		}
	}
}

func TestDiffReplacesMadeUpNamesBeforeDeleting(t *testing.T) {
	t.Parallel()
	conf := connect(t).resource(configMapToken, "conf")
	conf.inputs = conf.mustCheck(object{"apiVersion": "v1", "kind": "ConfigMap", "data": object{"a": "1"}})
	response := conf.diff(conf.mustCheck(object{"apiVersion": "v1", "kind": "ConfigMap", "data": object{"a": "2"}}))
	if len(response.Replaces) != 1 || response.DeleteBeforeReplace {
		t.Errorf("%v", response)
	}
}

func TestDiffUpdatesConfigMapsInPlaceWhenAsked(t *testing.T) {
	t.Parallel()
	conf := configure(t, object{"kubeconfig": server.Kubeconfig(), "enableConfigMapMutable": "true"}).resource(configMapToken, "conf")
	conf.inputs = properties(configMap("a", "b", object{"x": "1"}))
	if response := conf.diff(properties(configMap("a", "b", object{"x": "2"}))); len(response.Replaces) > 0 || len(response.Diffs) != 1 {
		t.Errorf("%v", response)
	}
}

func TestDiffOfWhatIsNotAChange(t *testing.T) {
	t.Parallel()
	session := connect(t)
	conf := session.resource(configMapToken, "conf")
	conf.inputs = properties(configMap("default", "b", object{"x": "1"}))
	null := properties(configMap("default", "b", object{"x": "1", "y": nil}))
	unset := properties(object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "b"}, "data": object{"x": "1"}})
	secret := conf.inputs.Copy()
	secret["data"] = resource.MakeSecret(secret["data"])
	for name, inputs := range map[string]resource.PropertyMap{"null": null, "default namespace": unset, "secret": secret} {
		if response := conf.diff(inputs); response.Changes != pulumirpc.DiffResponse_DIFF_NONE {
			t.Errorf("%s: %v", name, response)
		}
	}
	unknown := conf.inputs.Copy()
	unknown["data"] = resource.MakeComputed(resource.NewStringProperty(""))
	if response := conf.diff(unknown); response.Changes != pulumirpc.DiffResponse_DIFF_SOME {
		t.Errorf("an unknown value may differ: %v", response)
	}
}
