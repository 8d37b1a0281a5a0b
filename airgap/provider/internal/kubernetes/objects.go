package kubernetes

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
)

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

// own remembers which resource made an object, so that a resource renamed in the program does not delete what its new name has taken over.
func (provider *Provider) own(object *unstructured.Unstructured, urn resource.URN) {
	provider.mu.Lock()
	defer provider.mu.Unlock()
	provider.owners[object.GetUID()] = urn
}

// owner is the resource that made or changed an object in this run, and whether it took over one that was there already.
func (provider *Provider) owner(object *unstructured.Unstructured) (urn resource.URN, adopted bool) {
	provider.mu.Lock()
	defer provider.mu.Unlock()
	return provider.owners[object.GetUID()], provider.adopted[object.GetUID()]
}

func (provider *Provider) adopt(object *unstructured.Unstructured) {
	provider.mu.Lock()
	defer provider.mu.Unlock()
	provider.adopted[object.GetUID()] = true
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
