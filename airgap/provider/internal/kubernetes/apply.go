package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/values"
)

// manager is the field manager under which objects are applied.
const manager = "pulumi-kubernetes"

// render makes the object to apply from inputs; id names it where it exists already.
func render(inputs resource.PropertyMap, id string, client *cluster.Client) (*unstructured.Unstructured, error) {
	plain, known := values.Object(inputs)
	if !known {
		return nil, errors.New("some inputs are not known")
	}
	object := &unstructured.Unstructured{Object: plain}
	objects.EncodeStrings(object.Object)
	if id != "" {
		namespace, name := objects.Name(id)
		object.SetNamespace(namespace)
		object.SetName(name)
		return object, nil
	}
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + rand.String(5))
	}
	if mapping, err := client.Mapping(object.GroupVersionKind()); err == nil && object.GetNamespace() == "" && mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		object.SetNamespace(client.Namespace)
	}
	return object, nil
}

// makeWay looks at what already has the object's name: one that is being deleted is waited for, one that an earlier, interrupted run applied is
// taken over, somebody else's is left alone.
func (provider *Provider) makeWay(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured, say func(string)) error {
	endpoint, err := client.Resource(object)
	if err != nil {
		return err
	}
	live, err := endpoint.Get(ctx, object.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case live.GetDeletionTimestamp() != nil:
		say("waiting until the previous object of this name is gone")
		return await.Gone(ctx, endpoint, live, await.Timeout(0, ""), say)
	case provider.settings.UpsertExistingObjects || managed(live):
		provider.adopt(live)
		return nil
	}
	return fmt.Errorf("it already exists, and Pulumi did not create it; import it, or set upsertExistingObjects on the Provider to take it over")
}

func managed(object *unstructured.Unstructured) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Operation == metav1.ManagedFieldsOperationApply && strings.HasPrefix(entry.Manager, manager) {
			return true
		}
	}
	return false
}

// apply stores the object. Fields that somebody else has set are taken over, and the user is told whose they were.
func (provider *Provider) apply(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured, urn resource.URN) (*unstructured.Unstructured, error) {
	live, err := patch(ctx, client, object, false, false)
	if !apierrors.IsConflict(err) {
		return live, err
	}
	conflict := err
	if live, err = patch(ctx, client, object, true, false); err == nil {
		provider.log.Warn(urn, "took over fields from other field managers: "+conflicts(conflict))
	}
	return live, err
}

func conflicts(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return err.Error()
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		fields = append(fields, cause.Field+" ("+cause.Message+")")
	}
	return strings.Join(fields, ", ")
}

func patch(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured, force, dry bool) (*unstructured.Unstructured, error) {
	endpoint, err := client.Resource(object)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return endpoint.Patch(ctx, object.GetName(), types.ApplyPatchType, body, options)
}

// leaveIgnored gives ignored fields the values they have now, so that applying the object does not touch them.
func leaveIgnored(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured, ignore []string) error {
	if len(ignore) == 0 {
		return nil
	}
	endpoint, err := client.Resource(object)
	if err != nil {
		return err
	}
	live, err := endpoint.Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	current := resource.NewObjectProperty(values.Properties(live.Object))
	wanted := resource.NewObjectProperty(values.Properties(object.Object))
	for _, text := range ignore {
		path, err := resource.ParsePropertyPath(text)
		if err != nil || len(path) == 0 || path.String() == "metadata.name" {
			continue
		}
		if value, ok := path.Get(current); ok {
			path.Set(wanted, value)
		}
	}
	object.Object, _ = values.Object(wanted.ObjectValue())
	return nil
}
