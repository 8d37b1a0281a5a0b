package kubernetes

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
)

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
