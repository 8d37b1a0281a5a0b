package kubernetes_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"mesh.local/airgap/provider/internal/apitest"
)

// nowhere is the kubeconfig of a cluster that does not answer.
const nowhere = `{"current-context": "x", "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}], "contexts": [{"name": "x", "context": {"cluster": "x"}}]}`

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

func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	service := object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "s", "namespace": ns}, "spec": object{"ports": []any{object{"port": 80}}}}
	outputs, err := session.resource(serviceToken, "s").preview(service)
	must(t, err)
	for _, path := range []string{"spec.clusterIP", "status", "metadata.uid"} {
		if !at(t, outputs, path).IsComputed() {
			t.Errorf("%s is not unknown: %v", path, at(t, outputs, path))
		}
	}
	if at(t, outputs, "metadata.name").V != "s" || at(t, outputs, "spec.ports[0].protocol").V != "TCP" {
		t.Errorf("what can be known is not: %v", outputs)
	}
	if _, err := server.Typed.CoreV1().Services(ns).Get(t.Context(), "s", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the preview created it: %v", err)
	}
	conf := session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1"}))
	outputs, err = conf.preview(configMap(ns, "c", object{"a": "2"}))
	must(t, err)
	live, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "c", metav1.GetOptions{})
	must(t, err)
	if live.Data["a"] != "1" || at(t, outputs, "data.a").V != "2" {
		t.Errorf("live %v, preview %v", live.Data, outputs)
	}
}

func TestPreviewFindsMistakes(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	for wanted, mistake := range map[string]func(object){
		"spec.replica":                   func(program object) { program["spec"].(object)["replica"] = 2 },
		"expected numeric":               func(program object) { program["spec"].(object)["replicas"] = "two" },
		"`selector` does not match":      func(program object) { program["spec"].(object)["selector"] = object{"matchLabels": object{"x": "y"}} },
		"a lowercase RFC 1123 subdomain": func(program object) { program["metadata"].(object)["name"] = "Web_1" },
	} {
		program := deployment(ns, "web:1", 1)
		mistake(program)
		_, err := session.resource(deploymentToken, "web").preview(program)
		fails(t, err, wanted, "Deployment "+ns)
	}
	// What a resource before this one will make is no mistake.
	_, err := session.resource(configMapToken, "c").preview(configMap("not-there-yet", "c", nil))
	must(t, err)
	_, err = session.resource("kubernetes:later.io/v1:Thing", "w").preview(object{"apiVersion": "later.io/v1", "kind": "Thing", "metadata": object{"name": "w"}})
	must(t, err)
}

func TestPreviewWithUnknownInputs(t *testing.T) {
	t.Parallel()
	conf := connect(t).resource(configMapToken, "c")
	outputs, err := conf.preview(resource.PropertyMap{
		"apiVersion": resource.NewStringProperty("v1"), "kind": resource.NewStringProperty("ConfigMap"),
		"data": resource.NewObjectProperty(resource.PropertyMap{"a": resource.MakeComputed(resource.NewStringProperty("")), "b": resource.NewStringProperty("1")}),
	})
	must(t, err)
	if !at(t, outputs, "data.a").IsComputed() || at(t, outputs, "data.b").V != "1" || !at(t, outputs, "metadata.uid").IsComputed() {
		t.Errorf("%v", outputs)
	}
}

func TestUnreachableClusterAtPreview(t *testing.T) {
	t.Parallel()
	session := configure(t, object{"kubeconfig": nowhere})
	for _, name := range []string{"a", "b"} {
		outputs, err := session.resource(configMapToken, name).preview(configMap("shop", name, object{"a": "1"}))
		must(t, err)
		if !at(t, outputs, "metadata.uid").IsComputed() || at(t, outputs, "data.a").V != "1" {
			t.Errorf("%v", outputs)
		}
	}
	if len(session.log.warnings) != 1 || !strings.Contains(session.log.warnings[0], "does not answer") {
		t.Errorf("warnings: %q", session.log.warnings)
	}
	forgiving := configure(t, object{"kubeconfig": nowhere, "deleteUnreachable": "true", "skipUpdateUnreachable": "true"})
	conf := forgiving.resource(configMapToken, "a")
	conf.id, conf.inputs, conf.outputs = "shop/a", properties(configMap("shop", "a", nil)), properties(configMap("shop", "a", nil))
	must(t, conf.delete())
	must(t, conf.update(configMap("shop", "a", object{"x": "1"})))
	if id, _, _, err := conf.read(); err != nil || id != "" {
		t.Errorf("read: %q %v", id, err)
	}
}

func TestUnreachableClusterByEnvironment(t *testing.T) {
	t.Setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
	conf := configure(t, object{"kubeconfig": nowhere}).resource(configMapToken, "a")
	conf.id, conf.inputs = "shop/a", properties(configMap("shop", "a", nil))
	must(t, conf.delete())
}

func TestKubeconfigNotKnownYet(t *testing.T) {
	t.Parallel()
	session := connect(t)
	_, err := session.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{AcceptSecrets: true, Args: session.marshal(resource.PropertyMap{
		"kubeconfig": resource.MakeSecret(resource.MakeComputed(resource.NewStringProperty(""))),
	})})
	must(t, err)
	fresh := configure(t, object{"kubeconfig": "not a kubeconfig\n"})
	_, err = fresh.resource(configMapToken, "a").preview(configMap("shop", "a", nil))
	must(t, err)
	fails(t, fresh.resource(configMapToken, "a").create(configMap("shop", "a", nil)), "kubeconfig")
}

func TestNotReadySaysWhy(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	web := connect(t).resource(deploymentToken, "web")
	web.seconds = 2
	err := web.create(deployment(ns, apitest.Broken+":1", 1))
	fails(t, err, "Deployment "+ns+"/web is not ready within 2s", "CrashLoopBackOff", "last exit code 42", "Back-off restarting failed container")
	if details := initFailed(err); details == nil || details.Id != ns+"/web" || len(details.Reasons) == 0 {
		t.Fatalf("the engine would lose it: %v", details)
	}
	if _, _, _, err := web.read(); initFailed(err) == nil {
		t.Errorf("a refresh would forget that it is not ready: %v", err)
	}
	web.seconds = 20
	must(t, web.update(deployment(ns, "web:1", 1)))
}

func TestFailureEndsWaiting(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	job := connect(t).resource("kubernetes:batch/v1:Job", "job")
	start := time.Now()
	err := job.create(object{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": object{"name": "job", "namespace": ns},
		"spec": object{"backoffLimit": 0, "template": object{"spec": object{
			"restartPolicy": "Never", "containers": []any{object{"name": "c", "image": apitest.Failing}},
		}}},
	})
	fails(t, err, "Job "+ns+"/job has failed (BackoffLimitExceeded", "exited with code 7")
	if waited := time.Since(start); waited > 15*time.Second {
		t.Errorf("waited %s for what had failed", waited)
	}
}

func TestAwaitRules(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	named := func(apiVersion, kind, name string, annotations, rest object) object {
		program := object{"apiVersion": apiVersion, "kind": kind, "metadata": object{"name": name, "namespace": ns, "annotations": annotations}}
		for key, value := range rest {
			program[key] = value
		}
		return program
	}
	lonely := object{"spec": object{"selector": object{"app": "nobody"}, "ports": []any{object{"port": 80}}}}
	claim := object{"spec": object{"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "late-" + ns, "resources": object{"requests": object{"storage": "1Gi"}}}}
	job := func(image string) object {
		return object{"spec": object{"template": object{"spec": object{"restartPolicy": "Never", "containers": []any{object{"name": "c", "image": image}}}}}}
	}
	pod := object{"spec": object{"containers": []any{object{"name": "c", "image": "fine"}}}}
	balanced := object{"spec": object{"type": "LoadBalancer", "ports": []any{object{"port": 80}}}}
	headless := object{"spec": object{"clusterIP": "None", "ports": []any{object{"port": 80}}}}
	class := session.resource("kubernetes:storage.k8s.io/v1:StorageClass", "class")
	must(t, class.create(object{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": object{"name": "late-" + ns}, "provisioner": "none", "volumeBindingMode": "WaitForFirstConsumer"}))
	for _, test := range []struct {
		token   string
		program object
		fails   string
	}{
		{serviceToken, named("v1", "Service", "lonely", nil, lonely), "its selector app=nobody matches no pod"},
		{serviceToken, named("v1", "Service", "skipped", object{"pulumi.com/skipAwait": "true"}, lonely), ""},
		{serviceToken, named("v1", "Service", "balanced", nil, balanced), "no load balancer has given it an address"},
		{serviceToken, named("v1", "Service", "headless", nil, headless), ""},
		{"kubernetes:core/v1:PersistentVolumeClaim", named("v1", "PersistentVolumeClaim", "late", nil, claim), ""},
		{"kubernetes:batch/v1:Job", named("batch/v1", "Job", "good", nil, job("fine")), ""},
		{"kubernetes:batch/v1:Job", named("batch/v1", "Job", "bad", nil, job(apitest.Broken)), "condition Complete is not True"},
		{"kubernetes:core/v1:Pod", named("v1", "Pod", "pod", nil, pod), ""},
		{configMapToken, named("v1", "ConfigMap", "waits", object{"pulumi.com/waitFor": "jsonpath={.data.done}=yes"}, object{"data": object{"done": "no"}}), "{.data.done}=yes is not there yet"},
		{configMapToken, named("v1", "ConfigMap", "done", object{"pulumi.com/waitFor": "jsonpath={.data.done}=yes"}, object{"data": object{"done": "yes"}}), ""},
		{configMapToken, named("v1", "ConfigMap", "typo", object{"pulumi.com/waitFor": "something"}, nil), "neither condition"},
	} {
		subject := session.resource(test.token, "x-"+test.program["metadata"].(object)["name"].(string))
		if test.fails != "" {
			subject.seconds = 1
		}
		err := subject.create(test.program)
		if test.fails == "" {
			if err != nil {
				t.Errorf("%s: %v", subject.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: %q is missing in %v", subject.name, test.fails, err)
		}
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

func TestWebhookThatDoesNotAnswerYet(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	address, fail, none := "https://127.0.0.1:1/validate", admission.Fail, admission.SideEffectClassNone
	hooks := server.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := hooks.Create(t.Context(), &admission.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		Webhooks: []admission.ValidatingWebhook{{
			Name: "late.example.com", ClientConfig: admission.WebhookClientConfig{URL: &address}, FailurePolicy: &fail, SideEffects: &none,
			AdmissionReviewVersions: []string{"v1"}, NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns}},
			Rules: []admission.RuleWithOperations{{Operations: []admission.OperationType{"*"}, Rule: admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := server.Typed.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"}}, metav1.CreateOptions{})
		if err != nil && strings.Contains(err.Error(), "failed calling webhook") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the webhook is not in force: %v", err)
		}
	}
	time.AfterFunc(1500*time.Millisecond, func() { _ = hooks.Delete(context.Background(), ns, metav1.DeleteOptions{}) })
	session := connect(t)
	session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1"}))
	contains(t, session.log.all(), "trying again", "failed calling webhook")
}

// This test runs alone: it takes the API server away.
func TestApiServerThatRestarts(t *testing.T) {
	ns := namespace(t)
	session := connect(t)
	web := session.resource(deploymentToken, "web")
	web.seconds = 60
	conf := session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1"}))
	inputs := web.mustCheck(deployment(ns, "web:1", 1))
	server.StopAPI()
	result := make(chan error, 2)
	go func() { result <- conf.update(configMap(ns, "c", object{"a": "2"})) }()
	go func() { result <- web.createChecked(inputs) }()
	time.Sleep(500 * time.Millisecond)
	must(t, server.StartAPI())
	for range 2 {
		must(t, <-result)
	}
	if at(t, conf.outputs, "data.a").V != "2" || at(t, web.outputs, "status.readyReplicas").V != 1.0 {
		t.Errorf("%v", conf.outputs)
	}
}

func TestCancelEndsWaiting(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	web := session.resource(deploymentToken, "web")
	time.AfterFunc(time.Second, func() { _, _ = session.client.Cancel(context.Background(), &emptypb.Empty{}) })
	start := time.Now()
	err := web.create(deployment(ns, apitest.Broken, 1))
	fails(t, err, "cancelled")
	if time.Since(start) > 5*time.Second || initFailed(err) == nil {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

func TestDeleteWaitsAndSaysWhatHolds(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	program := configMap(ns, "c", nil)
	program["metadata"].(object)["finalizers"] = []any{"example.com/hold"}
	conf := session.resource(configMapToken, "c").mustCreate(program)
	conf.seconds = 1
	fails(t, conf.delete(), "ConfigMap "+ns+"/c: it is being deleted, but not gone within 1s", "example.com/hold")
	time.AfterFunc(500*time.Millisecond, func() {
		_, _ = server.Typed.CoreV1().ConfigMaps(ns).Patch(context.Background(), "c", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	})
	conf.seconds = 20
	must(t, conf.delete())

	made := session.resource(namespaceToken, "made").mustCreate(object{"apiVersion": "v1", "kind": "Namespace"})
	session.resource(configMapToken, "inside").mustCreate(configMap(made.id, "inside", nil))
	must(t, made.delete())
	if _, err := server.Typed.CoreV1().Namespaces().Get(t.Context(), made.id, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
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
