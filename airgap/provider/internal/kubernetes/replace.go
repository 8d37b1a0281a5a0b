package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
)

// stateful are the kinds whose deletion loses what no successor brings back, by group and kind: what would be lost, and the way out.
var stateful = map[string]struct{ loses, instead string }{
	"StatefulSet.apps": {
		"its pods, which only a successor would start again",
		"or run `kubectl delete statefulset %[2]s --namespace %[1]s --cascade=orphan`, which leaves its pods and volumes as they are: the same " +
			"update then makes it anew over them",
	},
	"PersistentVolumeClaim": {"the data in its volume", "or declare a claim of another name and copy the data"},
	"PersistentVolume":      {"what leads to its data", "or declare a volume of another name"},
	"CustomResourceDefinition.apiextensions.k8s.io": {
		"every object of the kind that it defines", "or declare the other kind beside it and move the objects",
	},
}

// allowDeletion refuses a replacement that has to delete the object first, as long as the object is there, where that would lose data, or where
// the API server would not take its successor: then there would be neither.
func (provider *Provider) allowDeletion(ctx context.Context, request plugin.DiffRequest, diff plugin.DiffResult) error {
	if provider.offline(ctx, request.URN) {
		return nil
	}
	kind, err := objects.KindOf(string(request.Type))
	if err != nil {
		return err
	}
	namespace, name := objects.Name(string(request.ID))
	if name == "" {
		return nil
	}
	var live *unstructured.Unstructured
	err = cluster.Retry(ctx, provider.sayer(request.URN), func() (err error) {
		_, live, err = find(ctx, provider.client, kind, namespace, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("read %s %s: %w", kind.Kind, request.ID, err)
	}
	if known := objects.UID(request.OldOutputs); live == nil || known != "" && known != live.GetUID() {
		return nil
	}
	if lost, found := stateful[kind.GroupKind().String()]; found {
		instead := lost.instead
		if strings.Contains(instead, "%[") {
			instead = fmt.Sprintf(instead, namespace, name)
		}
		return fmt.Errorf("%s is kept: it cannot change %s while it exists, and to replace it would first delete it, with %s. "+
			"Put the old value back, %s", await.Describe(live), fields(request, diff), lost.loses, instead)
	}
	return provider.rehearse(ctx, request.NewInputs, live)
}

// fields lists what would change, with the values that are no secrets.
func fields(request plugin.DiffRequest, diff plugin.DiffResult) string {
	olds, news := resource.NewObjectProperty(request.OldInputs), resource.NewObjectProperty(request.NewInputs)
	var parts []string
	for _, key := range diff.ReplaceKeys {
		part := string(key)
		if path, err := resource.ParsePropertyPath(part); err == nil {
			old, _ := path.Get(olds)
			value, _ := path.Get(news)
			if scalar(old) && scalar(value) {
				part += fmt.Sprintf(" (%v to %v)", old.V, value.V)
			}
		}
		parts = append(parts, part)
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func scalar(value resource.PropertyValue) bool {
	return value.IsString() || value.IsNumber() || value.IsBool()
}

// rehearse asks the API server, under another name, whether it would take the successor of an object that has to go first.
func (provider *Provider) rehearse(ctx context.Context, inputs resource.PropertyMap, live *unstructured.Unstructured) error {
	if inputs.ContainsUnknowns() {
		return nil
	}
	object, err := render(inputs, "", provider.client)
	if err != nil {
		return err
	}
	name := object.GetName()
	stand := name[:min(len(name), 50)] + "-" + rand.String(5)
	object.SetName(stand)
	withoutNodePorts(object)
	_, err = patch(ctx, provider.client, object, true, true)
	if !invalid(err) || elsewhere(err) {
		return nil
	}
	return fmt.Errorf("%s is kept: it would have to be deleted first, and the API server would not take what is to replace it: %s",
		await.Describe(live), strings.ReplaceAll(err.Error(), stand, name))
}

// withoutNodePorts leaves out what the Service that is to go holds still: it is looked at first, and nothing else then.
func withoutNodePorts(object *unstructured.Unstructured) {
	ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	if object.GetKind() != "Service" || len(ports) == 0 {
		return
	}
	for _, port := range ports {
		if port, ok := port.(map[string]any); ok {
			delete(port, "nodePort")
		}
	}
	_ = unstructured.SetNestedSlice(object.Object, ports, "spec", "ports")
	unstructured.RemoveNestedField(object.Object, "spec", "healthCheckNodePort")
}

// elsewhere tells that an object is refused only because of its other name, or because the one that it replaces holds an address still.
func elsewhere(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Field == "metadata.name" {
				return true
			}
		}
	}
	return strings.Contains(err.Error(), "already allocated")
}
