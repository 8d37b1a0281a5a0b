package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/values"
)

// manager is the field manager under which objects are applied.
const manager = "pulumi-kubernetes"

// Create applies an object and waits until it is ready.
func (provider *Provider) Create(ctx context.Context, request plugin.CreateRequest) (plugin.CreateResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	if string(request.Type) == releaseToken {
		return provider.createRelease(ctx, request)
	}
	if request.Preview {
		outputs, err := provider.preview(ctx, request.URN, "", request.Properties, nil)
		return plugin.CreateResponse{Properties: outputs}, err
	}
	client, err := provider.connect()
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	object, err := render(request.Properties, "", client)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	say := provider.sayer(request.URN)
	timeout := await.Timeout(request.Timeout, object.GetAnnotations()[await.TimeoutSeconds])
	var live *unstructured.Unstructured
	err = cluster.Retry(ctx, say, func() (err error) {
		if err = provider.makeWay(ctx, client, object, say); err == nil {
			live, err = provider.apply(ctx, client, object, request.URN)
		}
		return err
	})
	if err != nil {
		return plugin.CreateResponse{}, fail("create", object, err)
	}
	provider.own(live, request.URN)
	live, err = await.Ready(ctx, client, live, timeout, say)
	id, outputs := objects.ID(live.GetNamespace(), live.GetName()), objects.Outputs(live, request.Properties)
	if err != nil {
		return plugin.CreateResponse{}, partial(id, outputs, request.Properties, err)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: outputs}, nil
}

// Update applies new inputs to an object and waits until it is ready again.
func (provider *Provider) Update(ctx context.Context, request plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	if string(request.Type) == releaseToken {
		return provider.updateRelease(ctx, request)
	}
	if request.Preview {
		outputs, err := provider.preview(ctx, request.URN, string(request.ID), request.NewInputs, request.IgnoreChanges)
		return plugin.UpdateResponse{Properties: outputs}, err
	}
	client, err := provider.connect()
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if provider.settings.SkipUpdateUnreachable && client.Reachable(ctx) != nil {
		provider.log.Warn(request.URN, "the cluster does not answer: the update is skipped, as skipUpdateUnreachable says")
		return plugin.UpdateResponse{Properties: request.OldOutputs}, nil
	}
	object, err := render(request.NewInputs, string(request.ID), client)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	say := provider.sayer(request.URN)
	timeout := await.Timeout(request.Timeout, object.GetAnnotations()[await.TimeoutSeconds])
	var live *unstructured.Unstructured
	err = cluster.Retry(ctx, say, func() (err error) {
		if err = leaveIgnored(ctx, client, object, request.IgnoreChanges); err == nil {
			live, err = provider.apply(ctx, client, object, request.URN)
		}
		return err
	})
	if err != nil {
		return plugin.UpdateResponse{}, fail("update", object, err)
	}
	provider.own(live, request.URN)
	live, err = await.Ready(ctx, client, live, timeout, say)
	outputs := objects.Outputs(live, request.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, partial(string(request.ID), outputs, request.NewInputs, err)
	}
	return plugin.UpdateResponse{Properties: outputs}, nil
}

// preview asks the API server what it would make of the inputs, without storing anything. Where it cannot be asked, the inputs are the answer.
func (provider *Provider) preview(
	ctx context.Context, urn resource.URN, id string, inputs resource.PropertyMap, ignore []string,
) (resource.PropertyMap, error) {
	outputs := inputs
	if !inputs.ContainsUnknowns() && !provider.offline(ctx, urn) {
		object, err := render(inputs, id, provider.client)
		if err != nil {
			return nil, err
		}
		if err = leaveIgnored(ctx, provider.client, object, ignore); err == nil {
			var dry *unstructured.Unstructured
			if dry, err = patch(ctx, provider.client, object, true, true); err == nil {
				outputs = objects.Outputs(dry, inputs)
			}
		}
		if invalid(err) {
			return nil, fail("preview", object, err)
		}
	}
	return withUnknowns(outputs, inputs, id == ""), nil
}

// invalid tells that the API server will refuse this object however the rest of the deployment goes.
func invalid(err error) bool {
	if err == nil {
		return false
	}
	if apierrors.IsInvalid(err) {
		return true
	}
	for _, sign := range []string{
		"field not declared in schema", "unknown field", "strict decoding error", "expected numeric", "expected string",
		"expected boolean", "expected map", "expected list",
	} {
		if strings.Contains(err.Error(), sign) && !apierrors.IsNotFound(err) && !cluster.Unreachable(err) {
			return true
		}
	}
	return false
}

// withUnknowns marks what only a stored object has.
func withUnknowns(outputs, inputs resource.PropertyMap, create bool) resource.PropertyMap {
	outputs = outputs.Copy()
	if !create {
		return outputs
	}
	outputs["status"] = values.Unknown()
	if metadata := outputs["metadata"]; metadata.IsObject() {
		server := metadata.ObjectValue().Copy()
		for _, key := range []resource.PropertyKey{"uid", "resourceVersion", "creationTimestamp", "generation"} {
			server[key] = values.Unknown()
		}
		if _, named := objects.Metadata(inputs)["name"]; !named {
			server["name"] = values.Unknown()
		}
		outputs["metadata"] = resource.NewObjectProperty(server)
	}
	if spec := outputs["spec"]; spec.IsObject() && objects.Text(inputs, "kind") == "Service" {
		given := values.RevealValue(inputs["spec"])
		allocated := spec.ObjectValue().Copy()
		for _, key := range []resource.PropertyKey{"clusterIP", "clusterIPs"} {
			if !given.IsObject() || !given.ObjectValue().HasValue(key) {
				allocated[key] = values.Unknown()
			}
		}
		outputs["spec"] = resource.NewObjectProperty(allocated)
	}
	return outputs
}

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

// Read looks an object up. Without inputs it is being imported; with them, only what they mention can have drifted.
func (provider *Provider) Read(ctx context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	gone := plugin.ReadResponse{}
	client, err := provider.connect()
	if err != nil {
		return gone, err
	}
	if provider.settings.DeleteUnreachable && client.Reachable(ctx) != nil {
		provider.log.Warn(request.URN, "the cluster does not answer: dropped from the state, as deleteUnreachable says")
		return gone, nil
	}
	if string(request.Type) == releaseToken {
		return provider.readRelease(ctx, request)
	}
	kind, err := objects.KindOf(string(request.Type))
	if err != nil {
		return gone, err
	}
	namespace, name := objects.Name(string(request.ID))
	var live *unstructured.Unstructured
	err = cluster.Retry(ctx, provider.sayer(request.URN), func() (err error) {
		_, live, err = find(ctx, client, kind, namespace, name)
		return err
	})
	if err != nil {
		return gone, fmt.Errorf("read %s %s: %w", kind.Kind, request.ID, err)
	}
	if live == nil {
		return gone, nil
	}
	inputs := objects.Imported(live)
	if len(request.Inputs) > 0 {
		inputs = provider.drift(ctx, client, request.Inputs, live, string(request.ID))
	}
	id := objects.ID(live.GetNamespace(), live.GetName())
	outputs := objects.Outputs(live, inputs)
	if verdict, err := await.Assess(ctx, client, live); err == nil && !verdict.Ready && len(request.Inputs) > 0 {
		return gone, partial(id, outputs, inputs, &await.NotReady{Message: await.Describe(live) + " is not ready: " + verdict.Message})
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(id), Inputs: inputs, Outputs: outputs}}, nil
}

// find gets an object. It is nil where it does not exist, or where its kind does not.
func find(
	ctx context.Context, client *cluster.Client, kind schema.GroupVersionKind, namespace, name string,
) (dynamic.ResourceInterface, *unstructured.Unstructured, error) {
	endpoint, err := client.Endpoint(kind, namespace)
	if meta.IsNoMatchError(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	live, err := endpoint.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return endpoint, nil, nil
	}
	return endpoint, live, err
}

// drift is what the inputs would have to say to describe the live object.
func (provider *Provider) drift(
	ctx context.Context, client *cluster.Client, inputs resource.PropertyMap, live *unstructured.Unstructured, id string,
) resource.PropertyMap {
	current := objects.DecodeStrings(live.Object)
	if objects.Covers(inputs, current) {
		return inputs
	}
	object, err := render(inputs, id, client)
	if err != nil {
		return inputs
	}
	desired := object.Object
	if dry, err := patch(ctx, client, object, true, true); err == nil {
		desired = dry.Object
	}
	return objects.Drift(inputs, objects.DecodeStrings(desired), current)
}

// Delete deletes an object with all that belongs to it, and waits until it is gone.
func (provider *Provider) Delete(ctx context.Context, request plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	client, err := provider.connect()
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	if provider.settings.DeleteUnreachable && client.Reachable(ctx) != nil {
		provider.log.Warn(request.URN, "the cluster does not answer: dropped from the state, as deleteUnreachable says")
		return plugin.DeleteResponse{}, nil
	}
	if string(request.Type) == releaseToken {
		return plugin.DeleteResponse{}, provider.deleteRelease(ctx, client, request)
	}
	return plugin.DeleteResponse{}, provider.deleteObject(ctx, client, request)
}

func (provider *Provider) deleteObject(ctx context.Context, client *cluster.Client, request plugin.DeleteRequest) error {
	kind, err := objects.KindOf(string(request.Type))
	if err != nil {
		return err
	}
	say := provider.sayer(request.URN)
	namespace, name := objects.Name(string(request.ID))
	annotations := objects.Metadata(request.Inputs)
	timeout := await.Timeout(request.Timeout, objects.Annotation(annotations, await.TimeoutSeconds))
	propagation := metav1.DeletePropagationForeground
	switch policy := objects.Annotation(annotations, "pulumi.com/deletionPropagationPolicy"); strings.ToLower(policy) {
	case "background":
		propagation = metav1.DeletePropagationBackground
	case "orphan":
		propagation = metav1.DeletePropagationOrphan
	}
	err = cluster.Retry(ctx, say, func() error {
		endpoint, live, err := find(ctx, client, kind, namespace, name)
		if err != nil || live == nil {
			return err
		}
		if owner := provider.owner(live); owner != "" && owner != request.URN {
			provider.log.Warn(request.URN, fmt.Sprintf("%s is kept: %s has taken it over", await.Describe(live), owner))
			return nil
		}
		uid := live.GetUID()
		err = endpoint.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &propagation, Preconditions: &metav1.Preconditions{UID: &uid}})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil
		}
		if err != nil || objects.Annotation(annotations, await.SkipAwait) == "true" {
			return err
		}
		return await.Gone(ctx, endpoint, live, timeout, say)
	})
	if err == nil {
		return nil
	}
	if cluster.Unreachable(err) {
		return fmt.Errorf("delete %s %s: the cluster does not answer; where it is gone for good, PULUMI_K8S_DELETE_UNREACHABLE=true drops its objects from the state: %w",
			kind.Kind, request.ID, err)
	}
	return fmt.Errorf("delete %s %s: %w", kind.Kind, request.ID, err)
}

// own remembers which resource made an object, so that a resource renamed in the program does not delete what its new name has taken over.
func (provider *Provider) own(object *unstructured.Unstructured, urn resource.URN) {
	provider.mu.Lock()
	defer provider.mu.Unlock()
	provider.owners[object.GetUID()] = urn
}

func (provider *Provider) owner(object *unstructured.Unstructured) resource.URN {
	provider.mu.Lock()
	defer provider.mu.Unlock()
	return provider.owners[object.GetUID()]
}

func (provider *Provider) sayer(urn resource.URN) func(string) {
	return func(message string) { provider.log.Progress(urn, message) }
}

func fail(verb string, object *unstructured.Unstructured, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s %s: the cluster does not know the kind %s of %s; is its CustomResourceDefinition missing, or not yet a dependency?",
			verb, await.Describe(object), object.GetKind(), object.GetAPIVersion())
	}
	if cluster.Unreachable(err) {
		err = fmt.Errorf("the cluster does not answer: %w", err)
	}
	return fmt.Errorf("%s %s: %w", verb, await.Describe(object), err)
}

// partial is the error for something that exists, but is not ready: the engine keeps it in the state, and the next update waits on.
func partial(id string, outputs, inputs resource.PropertyMap, cause error) error {
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
	properties, err := plugin.MarshalProperties(outputs, options)
	if err != nil {
		return err
	}
	arguments, err := plugin.MarshalProperties(inputs, options)
	if err != nil {
		return err
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Inputs: arguments, Reasons: []string{cause.Error()},
	})
}
