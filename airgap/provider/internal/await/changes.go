package await

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"mesh.local/airgap/provider/internal/cluster"
)

var endpointSlice = schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}

// Changes sends when an object was changed, or the pods of a Service, until the context ends. It is a hint: whoever waits looks from time to
// time all the same, as the API server may refuse to tell, or stop.
func Changes(ctx context.Context, client *cluster.Client, kind schema.GroupVersionKind, namespace, name string) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func(kind schema.GroupVersionKind, options metav1.ListOptions) {
		if endpoint, err := client.Endpoint(kind, namespace); err == nil {
			go tellOf(ctx, endpoint, options, changed)
		}
	}
	tell(kind, named(name))
	if kind.GroupKind().String() == "Service" {
		tell(endpointSlice, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + name})
	}
	return changed
}

func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: "metadata.name=" + name}
}

func tellOf(ctx context.Context, endpoint dynamic.ResourceInterface, options metav1.ListOptions, changed chan<- struct{}) {
	watcher, err := endpoint.Watch(ctx, options)
	if err != nil {
		return
	}
	defer watcher.Stop()
	for range watcher.ResultChan() {
		select {
		case changed <- struct{}{}:
		default: // Nobody has looked since the last one.
		}
	}
}
