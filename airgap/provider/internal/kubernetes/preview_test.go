package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nowhere is the kubeconfig of a cluster that does not answer.
const nowhere = `{"current-context": "x", "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}], "contexts": [{"name": "x", "context": {"cluster": "x"}}]}`

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
