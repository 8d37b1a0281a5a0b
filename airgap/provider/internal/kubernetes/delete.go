package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
)

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
	known := objects.UID(request.Outputs)
	err = cluster.Retry(ctx, say, func() error {
		endpoint, live, err := find(ctx, client, kind, namespace, name)
		if err != nil || live == nil {
			return err
		}
		if reason := provider.successor(live, known, request.URN); reason != "" {
			provider.log.Warn(request.URN, fmt.Sprintf("%s is kept: %s", await.Describe(live), reason))
			return nil
		}
		// Between the look and the deletion another object may have taken the name: then the API server answers with a conflict.
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

// successor tells why what has the name now is not what is to be deleted. An engine that could not end a replacement may ask for the deletion
// of the old object when the new one has its name; the state's UID tells them apart. It is empty in states of interrupted runs.
func (provider *Provider) successor(live *unstructured.Unstructured, known types.UID, urn resource.URN) string {
	owner, adopted := provider.owner(live)
	switch {
	case known != "" && known != live.GetUID():
		return fmt.Sprintf("it is not the object that the state knows (UID %s, now %s), which is gone", known, live.GetUID())
	case owner != "" && owner != urn:
		return fmt.Sprintf("%s has taken it over", owner)
	case adopted, owner == urn && known == "":
		return "its replacement, which this run has made, is the same object"
	}
	return ""
}
