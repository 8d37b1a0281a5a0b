// Package network connects the pods of all nodes where the nodes share a link, as kind's do.
//
// It gives the container runtime a network configuration with the node's own pod range, keeps one route for each other
// node's range by way of that node, and lets packets that leave the pod network carry the node's address.
package network

import (
	"context"
	"net"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"mesh.local/airgap/cmd/nodeagent/loop"
)

// Run keeps the node called own connected until ctx is done.
func Run(ctx context.Context, client kubernetes.Interface, own string, podSubnet *net.IPNet) {
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "nodes", corev1.NamespaceAll, fields.Everything())
	nodes := cache.NewSharedInformer(source, &corev1.Node{}, 0)
	loop.Run(ctx, func(context.Context) error {
		return apply(plan(nodes.GetStore().List(), own), podSubnet)
	}, nodes)
}
