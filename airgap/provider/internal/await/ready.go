// Package await waits until objects are ready, or gone, and finds out why they are not.
package await

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"

	"mesh.local/airgap/provider/internal/cluster"
)

// Annotations of the published provider that steer waiting.
const (
	SkipAwait      = "pulumi.com/skipAwait"
	WaitFor        = "pulumi.com/waitFor"
	TimeoutSeconds = "pulumi.com/timeoutSeconds"
)

// Verdict is how far an object is.
type Verdict struct {
	Ready bool
	// Failed means that waiting longer cannot help; the message then continues a sentence about the object.
	Failed  bool
	Message string
}

func waiting(format string, args ...any) Verdict {
	return Verdict{Message: fmt.Sprintf(format, args...)}
}

func failed(message string) Verdict { return Verdict{Failed: true, Message: message} }

var ready = Verdict{Ready: true}

// Assess judges an object by its own status and, for Services and volume claims, by what they depend on.
func Assess(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured) (Verdict, error) {
	annotations := object.GetAnnotations()
	if annotations[SkipAwait] == "true" {
		return ready, nil
	}
	if conditions := annotations[WaitFor]; conditions != "" {
		return assessConditions(object, conditions)
	}
	switch kind := object.GroupVersionKind().GroupKind(); kind.String() {
	case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps", "CustomResourceDefinition.apiextensions.k8s.io":
		return assessStatus(object)
	case "APIService.apiregistration.k8s.io":
		return assessCondition(object, "Available"), nil
	case "Job.batch":
		return assessJob(object), nil
	case "Pod":
		return assessPod(object), nil
	case "Namespace":
		return assessPhase(object, "Active"), nil
	case "PersistentVolume":
		return assessPhase(object, "Available", "Bound"), nil
	case "PersistentVolumeClaim":
		return assessClaim(ctx, client, object)
	case "Service":
		return assessService(ctx, client, object)
	case "Ingress.networking.k8s.io":
		if !hasAddress(object) {
			return waiting("no ingress controller has given it an address"), nil
		}
		return ready, nil
	default:
		// Anything else is ready once it is stored: only its own controller knows more.
		return ready, nil
	}
}

func assessStatus(object *unstructured.Unstructured) (Verdict, error) {
	result, err := kstatus.Compute(object)
	if err != nil {
		return Verdict{}, fmt.Errorf("status of %s: %w", Describe(object), err)
	}
	switch result.Status {
	case kstatus.CurrentStatus:
		return ready, nil
	case kstatus.FailedStatus:
		return failed("has failed: " + result.Message), nil
	default:
		if object.GetGeneration() != observed(object) {
			return waiting("its controller has not looked at it yet"), nil
		}
		return waiting("%s", result.Message), nil
	}
}

// observed is the generation of an object that its controller reports about.
func observed(object *unstructured.Unstructured) int64 {
	generation, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if !found {
		return object.GetGeneration()
	}
	return generation
}

func assessCondition(object *unstructured.Unstructured, wanted string) Verdict {
	if condition := find(object, wanted); condition == nil || condition["status"] != "True" {
		return waiting("condition %s is not True%s", wanted, because(condition))
	}
	return ready
}

func assessJob(job *unstructured.Unstructured) Verdict {
	if condition := find(job, "Failed"); condition != nil && condition["status"] == "True" {
		return failed("has failed" + because(condition))
	}
	if suspended, _, _ := unstructured.NestedBool(job.Object, "spec", "suspend"); suspended {
		return ready
	}
	return assessCondition(job, "Complete")
}

func assessPod(pod *unstructured.Unstructured) Verdict {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	switch phase {
	case "Succeeded":
		return ready
	case "Failed":
		message, _, _ := unstructured.NestedString(pod.Object, "status", "message")
		return failed(strings.TrimSpace("has failed " + message))
	}
	return assessCondition(pod, "Ready")
}

func assessPhase(object *unstructured.Unstructured, wanted ...string) Verdict {
	phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
	for _, candidate := range wanted {
		if phase == candidate {
			return ready
		}
	}
	return waiting("phase is %q, not %s", phase, strings.Join(wanted, " or "))
}

// assessClaim does not wait for a claim that is only bound once a pod uses it.
func assessClaim(ctx context.Context, client *cluster.Client, claim *unstructured.Unstructured) (Verdict, error) {
	verdict := assessPhase(claim, "Bound")
	if verdict.Ready {
		return verdict, nil
	}
	name, found, _ := unstructured.NestedString(claim.Object, "spec", "storageClassName")
	if !found || name == "" {
		return verdict, nil
	}
	class, err := client.Typed.StorageV1().StorageClasses().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return waiting("its storage class %q does not exist", name), nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if mode := class.VolumeBindingMode; mode != nil && *mode == "WaitForFirstConsumer" {
		return ready, nil
	}
	return verdict, nil
}

// assessService waits for a pod behind a Service that selects pods, and for the address of a load balancer.
func assessService(ctx context.Context, client *cluster.Client, service *unstructured.Unstructured) (Verdict, error) {
	kind, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	if kind == "ExternalName" {
		return ready, nil
	}
	if kind == "LoadBalancer" && !hasAddress(service) {
		return waiting("no load balancer has given it an address"), nil
	}
	selector, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
	if len(selector) == 0 {
		return ready, nil
	}
	slices, err := client.Typed.DiscoveryV1().EndpointSlices(service.GetNamespace()).List(ctx, metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=" + service.GetName(),
	})
	if err != nil {
		return Verdict{}, err
	}
	total := 0
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			total++
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				return ready, nil
			}
		}
	}
	if total == 0 {
		return waiting("its selector %s matches no pod that could serve", labels(selector)), nil
	}
	return waiting("none of its %d pods is ready", total), nil
}

func hasAddress(object *unstructured.Unstructured) bool {
	addresses, _, _ := unstructured.NestedSlice(object.Object, "status", "loadBalancer", "ingress")
	return len(addresses) > 0
}

// assessConditions understands the annotation pulumi.com/waitFor: condition=Name[=Value], jsonpath={…}[=value], or a JSON list of them.
func assessConditions(object *unstructured.Unstructured, text string) (Verdict, error) {
	conditions := []string{text}
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if err := json.Unmarshal([]byte(text), &conditions); err != nil {
			return Verdict{}, fmt.Errorf("annotation %s of %s: %w", WaitFor, Describe(object), err)
		}
	}
	for _, condition := range conditions {
		verdict, err := assessOne(object, condition)
		if err != nil || !verdict.Ready {
			return verdict, err
		}
	}
	return ready, nil
}

func assessOne(object *unstructured.Unstructured, text string) (Verdict, error) {
	kind, rest, _ := strings.Cut(text, "=")
	switch kind {
	case "condition":
		name, value, found := strings.Cut(rest, "=")
		if !found {
			value = "True"
		}
		if condition := find(object, name); condition == nil || !strings.EqualFold(fmt.Sprint(condition["status"]), value) {
			return waiting("condition %s is not %s%s", name, value, because(condition)), nil
		}
		return ready, nil
	case "jsonpath":
		return assessPath(object, rest)
	default:
		return Verdict{}, fmt.Errorf("annotation %s of %s: %q is neither condition=… nor jsonpath=…", WaitFor, Describe(object), text)
	}
}

func assessPath(object *unstructured.Unstructured, text string) (Verdict, error) {
	expression, wanted, compare := text, "", false
	if end := strings.LastIndex(text, "}"); end >= 0 {
		expression = text[:end+1]
		wanted, compare = strings.CutPrefix(text[end+1:], "=")
	}
	if !strings.HasPrefix(expression, "{") {
		expression = "{" + expression + "}"
	}
	path := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return Verdict{}, fmt.Errorf("annotation %s of %s: %w", WaitFor, Describe(object), err)
	}
	results, err := path.FindResults(object.Object)
	if err != nil {
		return Verdict{}, fmt.Errorf("annotation %s of %s: %w", WaitFor, Describe(object), err)
	}
	for _, group := range results {
		for _, value := range group {
			if !compare || fmt.Sprint(value.Interface()) == wanted {
				return ready, nil
			}
		}
	}
	return waiting("%s is not there yet", text), nil
}

// find is one of an object's status conditions.
func find(object *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, candidate := range conditions {
		if condition, ok := candidate.(map[string]any); ok && condition["type"] == kind {
			return condition
		}
	}
	return nil
}

func because(condition map[string]any) string {
	var parts []string
	for _, key := range []string{"reason", "message"} {
		if text, ok := condition[key].(string); ok && text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ": ") + ")"
}

// Describe names an object for people: Deployment shop/web.
func Describe(object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" {
		return object.GetKind() + " " + namespace + "/" + object.GetName()
	}
	return object.GetKind() + " " + object.GetName()
}
