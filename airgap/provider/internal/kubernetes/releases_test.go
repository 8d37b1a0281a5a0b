package kubernetes_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/repo"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mesh.local/airgap/provider/internal/apitest"
)

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {release: {{ .Release.Name }}}}
  template:
    metadata: {labels: {release: {{ .Release.Name }}}}
    spec: {containers: [{name: c, image: "{{ .Values.image }}"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {password: "{{ .Values.password }}"{{ if hasKey .Values "nothing" }}, nothing: "{{ .Values.nothing }}"{{ end }}}
`

// chart writes a chart and returns its folder.
func chart(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	write(t, filepath.Join(folder, "Chart.yaml"), "apiVersion: v2\nname: "+name+"\nversion: 1.2.3\nappVersion: \"9\"\n")
	write(t, filepath.Join(folder, "values.yaml"), "replicas: 1\nimage: fine:1\npassword: none\n")
	write(t, filepath.Join(folder, "values.schema.json"), `{"type":"object","properties":{"replicas":{"type":"integer"}}}`)
	write(t, filepath.Join(folder, "templates", "all.yaml"), workload)
	return folder
}

func write(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func release(namespace, chart string, more object) object {
	program := object{"compat": "true", "chart": chart, "name": "demo", "namespace": namespace}
	for key, value := range more {
		program[key] = value
	}
	return program
}

func image(t *testing.T, namespace, name string) (image string, replicas int32) {
	t.Helper()
	live, err := server.Typed.AppsV1().Deployments(namespace).Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	return live.Spec.Template.Spec.Containers[0].Image, *live.Spec.Replicas
}

func TestReleaseLifecycle(t *testing.T) {
	t.Parallel()
	ns, folder := namespace(t), chart(t, "shop")
	session := connect(t)
	demo := session.resource(releaseToken, "demo")
	program := release(ns, folder, object{"values": object{"replicas": 2}})
	preview, err := demo.preview(program)
	must(t, err)
	if !preview["status"].IsComputed() || preview["name"].V != "demo" {
		t.Errorf("preview %v", preview)
	}
	demo.mustCreate(program)
	if demo.id != ns+"/demo" {
		t.Errorf("identifier %s", demo.id)
	}
	for path, wanted := range map[string]any{
		"status.name": "demo", "status.namespace": ns, "status.revision": 1.0, "status.version": "1.2.3", "status.appVersion": "9",
		"status.status": "deployed", "status.chart": "shop", `resourceNames["Deployment.apps/apps/v1"][0]`: ns + "/demo", `resourceNames["ConfigMap/v1"][0]`: ns + "/demo",
	} {
		if got := at(t, demo.outputs, path); got.V != wanted {
			t.Errorf("%s is %v", path, got)
		}
	}
	if image, replicas := image(t, ns, "demo"); image != "fine:1" || replicas != 2 {
		t.Errorf("%s %d", image, replicas)
	}
	if same := demo.diff(demo.mustCheck(program)); same.Changes != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("differs from itself: %v", same)
	}
	demo.mustNotDrift()

	// Changed content of the chart is a change.
	write(t, filepath.Join(folder, "values.yaml"), "replicas: 1\nimage: fine:2\npassword: none\n")
	if changed := demo.diff(demo.mustCheck(program)); !slices.Equal(changed.Diffs, []string{"checksum"}) || len(changed.Replaces) > 0 {
		t.Errorf("%v", changed)
	}
	program["values"] = object{"replicas": 1}
	must(t, demo.update(program))
	if image, replicas := image(t, ns, "demo"); image != "fine:2" || replicas != 1 || at(t, demo.outputs, "status.revision").V != 2.0 {
		t.Errorf("%s %d %v", image, replicas, demo.outputs["status"])
	}
	program["name"] = "other"
	if moved := demo.diff(demo.mustCheck(program)); !slices.Equal(moved.Replaces, []string{"name"}) || !moved.DeleteBeforeReplace {
		t.Errorf("%v", moved)
	}
	must(t, demo.delete())
	if _, err := server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "demo", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
	if id, _, _, err := demo.read(); err != nil || id != "" {
		t.Errorf("%q %v", id, err)
	}
	must(t, demo.delete())
}

func TestReleaseIsNamedAndPlaced(t *testing.T) {
	t.Parallel()
	folder := chart(t, "shop")
	demo := connect(t).resource(releaseToken, "demo")
	demo.inputs = demo.mustCheck(object{"chart": folder})
	name := demo.inputs["name"].StringValue()
	if !strings.HasPrefix(name, "demo-") || len(name) != len("demo-")+8 || demo.inputs["namespace"].V != "default" {
		t.Errorf("%v", demo.inputs)
	}
	if again := demo.mustCheck(object{"chart": folder, "timeout": 10}); again["name"].V != name {
		t.Errorf("renamed: %v", again)
	}
}

func TestReleaseWithUnknownValues(t *testing.T) {
	t.Parallel()
	folder := chart(t, "shop")
	demo := connect(t).resource(releaseToken, "demo")
	program := properties(release("x", folder, nil))
	demo.inputs = demo.mustCheck(program)
	program["values"] = resource.NewObjectProperty(resource.PropertyMap{"password": resource.MakeComputed(resource.NewStringProperty(""))})
	inputs := demo.mustCheck(program)
	if response := demo.diff(inputs); !slices.Equal(response.Diffs, []string{"values"}) {
		t.Errorf("%v", response)
	}
	demo.id = "x/demo"
	outputs, err := demo.preview(program)
	must(t, err)
	if !outputs["status"].IsComputed() || !at(t, outputs, "values.password").IsComputed() {
		t.Errorf("%v", outputs)
	}
}

func TestReleaseRefusals(t *testing.T) {
	t.Parallel()
	session, folder := connect(t), chart(t, "shop")
	for wanted, program := range map[string]object{
		"lint":                    release("x", folder, object{"lint": true}),
		"manifest":                release("x", folder, object{"manifest": object{}}),
		"timeOut is not an input": release("x", folder, object{"timeOut": 3}),
		"not-a-folder":            release("x", "./not-a-folder", nil),
		"chart is missing":        {"name": "x"},
		"cannot unmarshal string": release("x", folder, object{"atomic": "maybe"}),
	} {
		_, failures, err := session.resource(releaseToken, "demo").check(properties(program))
		must(t, err)
		if len(failures) == 0 || !strings.Contains(failures[0].Reason, wanted) {
			t.Errorf("%s: %v", wanted, failures)
		}
	}
	_, err := session.resource(releaseToken, "demo").preview(release("x", folder, object{"values": object{"replicas": "two"}}))
	fails(t, err, "Helm release x/demo", "replicas")
}

func TestReleaseValues(t *testing.T) {
	t.Parallel()
	ns, folder := namespace(t), chart(t, "shop")
	demo := connect(t).resource(releaseToken, "demo")
	text, err := asset.FromText("password: from file\nreplicas: 3\n")
	must(t, err)
	program := properties(release(ns, folder, nil))
	program["valueYamlFiles"] = resource.NewArrayProperty([]resource.PropertyValue{resource.NewAssetProperty(text)})
	program["values"] = resource.NewObjectProperty(resource.PropertyMap{
		"password": resource.MakeSecret(resource.NewStringProperty("hush")), "nothing": resource.NewNullProperty(),
	})
	demo.mustCreate(program)
	live, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "demo", metav1.GetOptions{})
	must(t, err)
	if _, replicas := image(t, ns, "demo"); replicas != 3 || live.Data["password"] != "hush" {
		t.Errorf("%d %v", replicas, live.Data)
	}
	if _, given := live.Data["nothing"]; given {
		t.Errorf("a null value was passed on without allowNullValues: %v", live.Data)
	}
	if text := inTheClear(t, demo.outputs); strings.Contains(text, "hush") || strings.Contains(text, "aHVzaA") {
		t.Errorf("leaked: %s", text)
	}
	demo.mustNotDrift()
}

func TestReleaseDrift(t *testing.T) {
	t.Parallel()
	ns, folder := namespace(t), chart(t, "shop")
	session := connect(t)
	demo := session.resource(releaseToken, "demo").mustCreate(release(ns, folder, object{"values": object{"replicas": 1}}))
	// Somebody runs `helm upgrade --set replicas=2`.
	elsewhere := *demo
	must(t, elsewhere.update(release(ns, folder, object{"values": object{"replicas": 2}})))
	_, inputs, outputs, err := demo.read()
	must(t, err)
	if at(t, inputs, "values.replicas").V != 2.0 || at(t, outputs, "status.revision").V != 2.0 {
		t.Errorf("%v %v", inputs, outputs)
	}
	imported := session.resource(releaseToken, "demo")
	imported.id = ns + "/demo"
	_, inputs, _, err = imported.read()
	must(t, err)
	if inputs["chart"].V != "shop" || inputs["version"].V != "1.2.3" || at(t, inputs, "values.replicas").V != 2.0 {
		t.Errorf("import: %v", inputs)
	}
}

// Somebody deletes an object of a release: a refresh notices, and the update after it makes the object again.
func TestReleaseOfWhichSomethingIsMissing(t *testing.T) {
	t.Parallel()
	ns, folder := namespace(t), chart(t, "shop")
	program := release(ns, folder, object{"values": object{"replicas": 1}})
	demo := connect(t).resource(releaseToken, "demo").mustCreate(program)
	if _, _, _, err := demo.read(); err != nil {
		t.Fatalf("a whole release lacks something: %v", err)
	}
	must(t, server.Typed.AppsV1().Deployments(ns).Delete(t.Context(), "demo", metav1.DeleteOptions{}))
	id, _, _, err := demo.read()
	fails(t, err, "Helm release "+ns+"/demo lacks what somebody deleted: Deployment "+ns+"/demo")
	if initFailed(err) == nil || id != ns+"/demo" {
		t.Errorf("the engine would not go on with it: %v", err)
	}
	must(t, demo.update(program))
	if image, replicas := image(t, ns, "demo"); image != "fine:1" || replicas != 1 {
		t.Errorf("%s %d", image, replicas)
	}
	if _, _, _, err := demo.read(); err != nil {
		t.Errorf("it is whole again: %v", err)
	}
}

func TestReleaseThatDoesNotGetReady(t *testing.T) {
	t.Parallel()
	ns, folder := namespace(t), chart(t, "shop")
	demo := connect(t).resource(releaseToken, "demo")
	program := release(ns, folder, object{"timeout": 3, "values": object{"image": apitest.Broken}})
	err := demo.create(program)
	fails(t, err, "Helm release "+ns+"/demo", "Deployment "+ns+"/demo is not ready", "CrashLoopBackOff", "Back-off restarting")
	if details := initFailed(err); details == nil || demo.id != ns+"/demo" {
		t.Fatalf("the engine would lose it: %v", details)
	}
	if _, _, _, err := demo.read(); initFailed(err) == nil {
		t.Errorf("a refresh would forget that it failed: %v", err)
	}
	must(t, demo.update(release(ns, folder, object{"values": object{"image": "fine"}})))
	if at(t, demo.outputs, "status.status").V != "deployed" {
		t.Errorf("%v", demo.outputs["status"])
	}

	atomic := connect(t).resource(releaseToken, "atomic")
	err = atomic.create(release(ns, folder, object{"name": "atomic", "atomic": true, "timeout": 2, "values": object{"image": apitest.Broken}}))
	fails(t, err, "atomic")
	if _, err := server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "atomic", metav1.GetOptions{}); !apierrors.IsNotFound(err) || initFailed(err) != nil {
		t.Errorf("atomic left something: %v", err)
	}
}

// A run that is killed leaves a release in whatever state it was.
func TestReleaseThatWasInterrupted(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"pending-install", "pending-upgrade", "pending-rollback", "failed", "uninstalling", "deployed"} {
		for hooks, name := range map[bool]string{false: status, true: status + " with hooks"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				interrupt(t, status, hooks)
			})
		}
	}
}

func interrupt(t *testing.T, status string, hooks bool) {
	ns, folder := namespace(t), chart(t, "shop")
	if hooks {
		write(t, filepath.Join(folder, "templates", "hook.yaml"),
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n")
	}
	session := connect(t)
	program := release(ns, folder, nil)
	session.resource(releaseToken, "demo").mustCreate(program)
	setStatus(t, ns, status)
	// The state was not written, so the next run creates.
	again := session.resource(releaseToken, "demo").mustCreate(program)
	if at(t, again.outputs, "status.status").V != "deployed" {
		t.Errorf("%v", again.outputs["status"])
	}
	setStatus(t, ns, status)
	must(t, again.update(program))
	setStatus(t, ns, status)
	must(t, again.delete())
	if _, err := server.Typed.AppsV1().Deployments(ns).Get(t.Context(), "demo", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestReleaseOfAnotherChartIsLeftAlone(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	session.resource(releaseToken, "theirs").mustCreate(release(ns, chart(t, "theirs"), nil))
	err := session.resource(releaseToken, "ours").create(release(ns, chart(t, "ours"), nil))
	fails(t, err, "exists already", "theirs 1.2.3")
	if initFailed(err) != nil {
		t.Error("the engine would take it over, and delete it one day")
	}
}

// setStatus rewrites the status of the last revision in Helm's own record of it.
func setStatus(t *testing.T, namespace, status string) {
	t.Helper()
	secrets := server.Typed.CoreV1().Secrets(namespace)
	list, err := secrets.List(t.Context(), metav1.ListOptions{LabelSelector: "owner=helm,name=demo"})
	must(t, err)
	last := list.Items[len(list.Items)-1]
	compressed, err := base64.StdEncoding.DecodeString(string(last.Data["release"]))
	must(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	must(t, err)
	content, err := io.ReadAll(reader)
	must(t, err)
	var record map[string]any
	must(t, json.Unmarshal(content, &record))
	record["info"].(map[string]any)["status"] = status
	content, err = json.Marshal(record)
	must(t, err)
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err = writer.Write(content)
	must(t, err)
	must(t, writer.Close())
	last.Data["release"] = []byte(base64.StdEncoding.EncodeToString(buffer.Bytes()))
	last.Labels["status"] = status
	_, err = secrets.Update(t.Context(), &last, metav1.UpdateOptions{})
	must(t, err)
}

func TestReleaseFromRepository(t *testing.T) {
	t.Parallel()
	ns, served := namespace(t), t.TempDir()
	loaded, err := loader.Load(chart(t, "remote"))
	must(t, err)
	_, err = chartutil.Save(loaded, served)
	must(t, err)
	web := httptest.NewServer(http.FileServer(http.Dir(served)))
	defer web.Close()
	index, err := repo.IndexDirectory(served, web.URL)
	must(t, err)
	must(t, index.WriteFile(filepath.Join(served, "index.yaml"), 0o644))
	cache, err := json.Marshal(object{"repositoryCache": t.TempDir(), "repositoryConfigPath": filepath.Join(t.TempDir(), "none.yaml")})
	must(t, err)
	session := configure(t, object{"kubeconfig": server.Kubeconfig(), "helmReleaseSettings": string(cache)})
	program := release(ns, "remote", object{"version": "1.2.3", "repositoryOpts": object{"repo": web.URL}, "skipAwait": true})
	demo := session.resource(releaseToken, "demo").mustCreate(program)
	if at(t, demo.outputs, "status.chart").V != "remote" || demo.inputs["checksum"].V != nil {
		t.Errorf("%v", demo.outputs)
	}
	program["version"] = "9.9.9"
	fails(t, demo.update(program), "chart remote", "9.9.9")
}

func TestReleaseCreatesItsNamespaceAndDefinitions(t *testing.T) {
	t.Parallel()
	folder, ns := chart(t, "shop"), namespace(t)
	group := "c" + ns[2:] + ".example.com"
	write(t, filepath.Join(folder, "crds", "crd.yaml"), `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.`+group+`}
spec:
  group: `+group+`
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget, listKind: GadgetList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`)
	session := connect(t)
	session.resource(releaseToken, "demo").mustCreate(release(ns+"-new", folder, object{"createNamespace": true}))
	// A custom resource of a kind that a release brought is found by the session that installed it.
	gadget := session.resource("kubernetes:"+group+"/v1:Gadget", "g")
	gadget.mustCreate(object{"apiVersion": group + "/v1", "kind": "Gadget", "metadata": object{"name": "g", "namespace": ns + "-new"}, "spec": object{"a": 1}})
	gadget.mustNotDrift()
}
