package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestReadSeesDriftInOurFieldsOnly(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	program := deployment(ns, "web:1", 1)
	containers := program["spec"].(object)["template"].(object)["spec"].(object)["containers"].([]any)
	containers[0].(object)["args"] = []any{"serve"}
	web := session.resource(deploymentToken, "web").mustCreate(program)
	deployments := server.Typed.AppsV1().Deployments(ns)
	edit := func(kind types.PatchType, patch string) {
		t.Helper()
		_, err := deployments.Patch(t.Context(), "web", kind, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"})
		must(t, err)
	}
	edit(types.StrategicMergePatchType, `{"metadata":{"labels":{"theirs":"1"},"annotations":{"theirs":"2"}},"spec":{"minReadySeconds":1,"template":{"spec":{"containers":[{"name":"sidecar","image":"s:1"}]}}}}`)
	web.mustNotDrift()
	edit(types.StrategicMergePatchType, `{"metadata":{"labels":{"app":"changed"}},"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"web","image":"evil:1","args":["serve","--evil"],"env":[{"name":"B","value":"3"}]}]}}}}`)
	_, inputs, _, err := web.read()
	if initFailed(err) == nil {
		must(t, err)
	}
	for path, wanted := range map[string]any{
		"metadata.labels.app": "changed", "metadata.labels.theirs": nil, "spec.replicas": 2.0, "spec.minReadySeconds": nil,
		"spec.template.spec.containers[0].args[1]": "--evil",
		"spec.template.spec.containers[0].image":   "evil:1", "spec.template.spec.containers[0].env[1].value": "3",
		"spec.template.spec.containers[0].env[0].value": "1", "spec.template.spec.containers[0].resources.requests.cpu": "1000m",
		"spec.template.spec.containers[0].imagePullPolicy": nil, "spec.template.spec.containers[1]": nil,
	} {
		if got := at(t, inputs, path); got.V != wanted {
			t.Errorf("%s is %v, and should be %v", path, got, wanted)
		}
	}
	// The next update takes the fields back, and says from whom.
	must(t, web.update(deployment(ns, "web:1", 1)))
	contains(t, session.log.all(), "took over fields", "kubectl-edit", ".spec.replicas")
	live, err := deployments.Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if *live.Spec.Replicas != 1 || live.Labels["theirs"] != "1" || live.Labels["app"] != "web" {
		t.Errorf("%v %v", live.Labels, live.Spec)
	}

	conf := session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1", "b": "2"}))
	_, err = server.Typed.CoreV1().ConfigMaps(ns).Patch(t.Context(), "c", types.MergePatchType, []byte(`{"data":{"a":null}}`), metav1.PatchOptions{})
	must(t, err)
	_, inputs, _, err = conf.read()
	must(t, err)
	if at(t, inputs, "data.a").V != nil || at(t, inputs, "data.b").V != "2" {
		t.Errorf("a field that somebody removed: %v", inputs)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	_, err := server.Typed.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "c", Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}"}}, Data: map[string]string{"a": "1"},
	}, metav1.CreateOptions{})
	must(t, err)
	conf := connect(t).resource(configMapToken, "c")
	conf.id = ns + "/c"
	id, inputs, outputs, err := conf.read()
	must(t, err)
	wanted := properties(configMap(ns, "c", object{"a": "1"}))
	if id != conf.id || !inputs.DeepEquals(wanted) || at(t, outputs, "metadata.uid").V == nil {
		t.Errorf("%s\n%v\n%v", id, inputs, wanted)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	program := properties(object{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "s", "namespace": ns}, "data": object{"c": "Yw=="}})
	program["stringData"] = resource.MakeSecret(resource.NewPropertyValue(object{"a": "hush", "b": "hush"}))
	secret := session.resource(secretToken, "s").mustCreate(program)
	if !secret.outputs["data"].IsSecret() {
		t.Errorf("data is in the clear: %v", secret.outputs)
	}
	if text := inTheClear(t, secret.outputs); strings.Contains(text, "hush") || strings.Contains(text, "aHVzaA") {
		t.Errorf("leaked: %s", text)
	}
	secret.mustNotDrift()
	// An entry that leaves stringData leaves the object.
	program["stringData"] = resource.MakeSecret(resource.NewPropertyValue(object{"a": "hush"}))
	must(t, secret.update(program))
	live, err := server.Typed.CoreV1().Secrets(ns).Get(t.Context(), "s", metav1.GetOptions{})
	must(t, err)
	if len(live.Data) != 2 || string(live.Data["a"]) != "hush" {
		t.Errorf("%v", live.Data)
	}
	_, err = server.Typed.CoreV1().Secrets(ns).Patch(t.Context(), "s", types.MergePatchType, []byte(`{"stringData":{"a":"changed"}}`), metav1.PatchOptions{})
	must(t, err)
	_, inputs, _, err := secret.read()
	must(t, err)
	if !inputs["stringData"].IsSecret() || at(t, inputs, "stringData").SecretValue().Element.ObjectValue()["a"].V != "changed" {
		t.Errorf("%v", inputs)
	}

	hidden := properties(configMap(ns, "c", object{"open": "1"}))
	hidden["data"].ObjectValue()["closed"] = resource.MakeSecret(resource.NewStringProperty("hush"))
	conf := session.resource(configMapToken, "c").mustCreate(hidden)
	if !at(t, conf.outputs, "data.closed").IsSecret() || at(t, conf.outputs, "data.open").V != "1" {
		t.Errorf("%v", conf.outputs)
	}
}
