package kubernetes

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/values"
)

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
	// A volume whose class does not let it grow is refused by admission, which says otherwise nothing of the object itself.
	if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) && strings.Contains(err.Error(), "must support resize") {
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
