package kubernetes_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

func TestDeploymentLifecycle(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	web := connect(t).resource(deploymentToken, "web").mustCreate(deployment(ns, "web:1", 2))
	if web.id != ns+"/web" {
		t.Errorf("identifier %s", web.id)
	}
	if ready := at(t, web.outputs, "status.readyReplicas"); ready.V != 2.0 {
		t.Errorf("not awaited: %v", ready)
	}
	web.mustNotDrift()

	program := deployment(ns, "web:2", 3)
	delete(program["metadata"].(object), "labels")
	must(t, web.update(program))
	live, err := server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if *live.Spec.Replicas != 3 || live.Spec.Template.Spec.Containers[0].Image != "web:2" || live.Status.UpdatedReplicas != 3 {
		t.Errorf("not updated: %v", live.Spec)
	}
	if len(live.Labels) > 0 {
		t.Errorf("a label that left the program stayed: %v", live.Labels)
	}
	if live.ManagedFields[0].Manager != "pulumi-kubernetes" || live.ManagedFields[0].Operation != metav1.ManagedFieldsOperationApply {
		t.Errorf("field manager %v", live.ManagedFields[0])
	}
	if at(t, web.outputs, "metadata.managedFields").V != nil {
		t.Error("the state carries managedFields")
	}

	must(t, web.delete())
	if _, err = server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
	if pods, err := server.Typed.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{}); err != nil || len(pods.Items) > 0 {
		t.Errorf("its pods are still there: %v", err)
	}
	must(t, web.delete())
	if id, _, _, err := web.read(); err != nil || id != "" {
		t.Errorf("read what is gone: %q %v", id, err)
	}
}

func TestCustomResources(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	group := strings.ReplaceAll(ns, "t-", "g") + ".example.com"
	version := object{"name": "v1", "served": true, "storage": true, "subresources": object{"status": object{}}, "schema": object{"openAPIV3Schema": object{
		"type": "object", "properties": object{
			"spec":   object{"type": "object", "properties": object{"size": object{"type": "integer"}, "mode": object{"type": "string", "default": "easy"}}},
			"status": object{"type": "object", "properties": object{"conditions": object{"type": "array", "items": object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}},
		},
	}}}
	definition := session.resource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "crd")
	widget := session.resource("kubernetes:"+group+"/v1:Widget", "w")
	program := object{"apiVersion": group + "/v1", "kind": "Widget", "metadata": object{"name": "w", "namespace": ns}, "spec": object{"size": 3}}
	missing := session.resource("kubernetes:missing.io/v1:Widget", "w")
	missing.session.t.Run("unknown kind", func(t *testing.T) {
		t.Parallel()
		fails(t, missing.create(object{"apiVersion": "missing.io/v1", "kind": "Widget", "metadata": object{"name": "w", "namespace": ns}}),
			"the cluster does not know the kind Widget of missing.io/v1", "CustomResourceDefinition")
	})
	definition.mustCreate(object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": object{"name": "widgets." + group},
		"spec": object{"group": group, "scope": "Namespaced", "names": object{"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}, "versions": []any{version}},
	})
	// Its kind is new to this session: it is found without a restart.
	widget.mustCreate(program)
	if mode := at(t, widget.outputs, "spec.mode"); mode.V != "easy" {
		t.Errorf("the server's default is not an output: %v", widget.outputs)
	}
	widget.mustNotDrift()
	definition.mustNotDrift()
	must(t, definition.delete())
	// With its definition gone, so is the object.
	if id, _, _, err := widget.read(); err != nil || id != "" {
		t.Errorf("%q %v", id, err)
	}
	must(t, widget.delete())
}

func TestCreateWhereSomethingIsAlready(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	// A run that was killed after applying left this.
	session.resource(configMapToken, "c").mustCreate(configMap(ns, "ours", object{"a": "1"}))
	again := session.resource(configMapToken, "c").mustCreate(configMap(ns, "ours", object{"a": "2"}))
	if at(t, again.outputs, "data.a").V != "2" {
		t.Errorf("%v", again.outputs)
	}
	_, err := server.Typed.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Data: map[string]string{"a": "1"}}, metav1.CreateOptions{})
	must(t, err)
	fails(t, session.resource(configMapToken, "d").create(configMap(ns, "theirs", object{"a": "2"})), "ConfigMap "+ns+"/theirs", "already exists", "import it")
	upserting := configure(t, object{"kubeconfig": server.Kubeconfig(), "upsertExistingObjects": "true"})
	upserting.resource(configMapToken, "d").mustCreate(configMap(ns, "theirs", object{"a": "2"}))
}

func TestRenamedResourceKeepsItsObject(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	before := session.resource(configMapToken, "before").mustCreate(configMap(ns, "c", object{"a": "1"}))
	session.resource(configMapToken, "after").mustCreate(configMap(ns, "c", object{"a": "1"}))
	must(t, before.delete())
	if _, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "c", metav1.GetOptions{}); err != nil {
		t.Errorf("the object that the new name has taken over was deleted: %v", err)
	}
	contains(t, session.log.all(), "is kept", "after")
}

func TestGenerateName(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	program := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"namespace": ns, "generateName": "gen-"}, "data": object{"a": "1"}}
	conf := connect(t).resource(configMapToken, "c").mustCreate(program)
	if !strings.HasPrefix(conf.id, ns+"/gen-") || len(conf.id) == len(ns+"/gen-") {
		t.Errorf("identifier %s", conf.id)
	}
	conf.mustNotDrift()
	program["data"] = object{"a": "2"}
	must(t, conf.update(program))
	list, err := server.Typed.CoreV1().ConfigMaps(ns).List(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name!=kube-root-ca.crt"})
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].Data["a"] != "2" {
		t.Errorf("%v", list.Items)
	}
}

func TestIgnoredFieldsAreLeftAlone(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	web := session.resource(deploymentToken, "web").mustCreate(deployment(ns, "web:1", 1))
	_, err := server.Typed.AppsV1().Deployments(ns).Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{FieldManager: "autoscaler"})
	must(t, err)
	must(t, web.update(deployment(ns, "web:2", 1), "spec.replicas"))
	live, err := server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if *live.Spec.Replicas != 4 || live.Spec.Template.Spec.Containers[0].Image != "web:2" {
		t.Errorf("%v", live.Spec)
	}
}

func TestProviderNamespace(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := configure(t, object{"kubeconfig": server.Kubeconfig(), "namespace": ns})
	conf := session.resource(configMapToken, "c").mustCreate(object{"apiVersion": "v1", "kind": "ConfigMap"})
	if !strings.HasPrefix(conf.id, ns+"/") {
		t.Errorf("identifier %s", conf.id)
	}
	_, err := server.Dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(ns).Get(t.Context(), strings.TrimPrefix(conf.id, ns+"/"), metav1.GetOptions{})
	must(t, err)
}
