package kubernetes_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"mesh.local/airgap/provider/internal/apitest"
)

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

func TestDeleteWhereAnotherTakesThePlace(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	program := configMap(ns, "c", nil)
	program["metadata"].(object)["finalizers"] = []any{"example.com/hold"}
	conf := connect(t).resource(configMapToken, "c").mustCreate(program)
	maps := server.Typed.CoreV1().ConfigMaps(ns)
	another := make(chan error, 1)
	time.AfterFunc(time.Second, func() {
		_, _ = maps.Patch(context.Background(), "c", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		_, err := maps.Create(context.Background(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}}, metav1.CreateOptions{})
		another <- err
	})
	conf.seconds = 5
	must(t, conf.delete())
	must(t, <-another)
	if _, err := maps.Get(t.Context(), "c", metav1.GetOptions{}); err != nil {
		t.Errorf("the other one was deleted, too: %v", err)
	}
}

// A look a second would find each of them half a second late, which is four seconds for eight.
func TestReadyIsSeenWhenItHappens(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	maps := server.Typed.CoreV1().ConfigMaps(ns)
	session := connect(t)
	const count = 8
	late := make(chan time.Duration, count)
	for i := range count {
		name := fmt.Sprintf("late-%d", i)
		program := object{
			"apiVersion": "v1", "kind": "ConfigMap", "data": object{"done": "no"},
			"metadata": object{"name": name, "namespace": ns, "annotations": object{"pulumi.com/waitFor": "jsonpath={.data.done}=yes"}},
		}
		happened := make(chan time.Time, 1)
		// By then whoever looks from time to time does so once a second.
		time.AfterFunc(2*time.Second+time.Duration(i)*130*time.Millisecond, func() {
			happened <- time.Now()
			_, err := maps.Patch(context.Background(), name, types.MergePatchType, []byte(`{"data":{"done":"yes"}}`), metav1.PatchOptions{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		go func() {
			if err := session.resource(configMapToken, name).create(program); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			select {
			case moment := <-happened:
				late <- time.Since(moment)
			default:
				t.Errorf("%s was not waited for", name)
				late <- 0
			}
		}()
	}
	var sum time.Duration
	for range count {
		sum += <-late
	}
	t.Logf("%d objects were seen to be ready %s late, all together", count, sum)
	if sum > 1500*time.Millisecond {
		t.Errorf("%d objects were seen to be ready %s late, all together", count, sum)
	}
}
