package await

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"mesh.local/airgap/provider/internal/cluster"
)

// Changes sends whenever an object was changed, or what decides whether it is ready, and once at the beginning, until the context ends.
// It is a hint: whoever waits looks from time to time all the same, as the API server may refuse to tell, or stop.
func Changes(ctx context.Context, client *cluster.Client, kind schema.GroupVersionKind, namespace, name string) <-chan struct{} {
	options := metav1.ListOptions{FieldSelector: "metadata.name=" + name}
	if kind.GroupKind().String() == "Service" {
		kind = schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}
		options = metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + name}
	}
	endpoint, err := client.Endpoint(kind, namespace)
	if err != nil {
		return nil
	}
	return changes(ctx, endpoint, options)
}

func changes(ctx context.Context, endpoint dynamic.ResourceInterface, options metav1.ListOptions) <-chan struct{} {
	watcher, err := endpoint.Watch(ctx, options)
	if err != nil {
		return nil
	}
	changed := make(chan struct{}, 1)
	go func() {
		defer watcher.Stop()
		for range watcher.ResultChan() {
			select {
			case changed <- struct{}{}:
			default: // Nobody has looked since the last one.
			}
		}
	}()
	return changed
}
