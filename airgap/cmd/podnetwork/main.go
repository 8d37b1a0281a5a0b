// Command podnetwork connects the pods of all nodes where the nodes share a link, as kind's do.
//
// It runs once on each node. It gives the container runtime a network configuration with the node's own pod range, keeps
// one route for each other node's range by way of that node, and lets packets that leave the pod network carry the node's
// address. It keeps no state of its own: every change and every half minute it compares what should be with what is.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// resync is how often everything is compared although nothing was announced: somebody else may have removed a route.
const resync = 30 * time.Second

func main() {
	log.SetFlags(0)
	own := os.Getenv("NODE_NAME")
	_, podSubnet, err := net.ParseCIDR(os.Getenv("POD_SUBNET"))
	if own == "" || err != nil {
		log.Fatalf("NODE_NAME and POD_SUBNET (a range such as 10.244.0.0/16) must be set: %v", err)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	nodes := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "nodes", corev1.NamespaceAll, fields.Everything())
	informer := cache.NewSharedInformer(nodes, &corev1.Node{}, 0)
	changed := make(chan struct{}, 1)
	announce := func() {
		select {
		case changed <- struct{}{}:
		default: // one comparison is already due
		}
	}
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { announce() },
		UpdateFunc: func(any, any) { announce() },
		DeleteFunc: func(any) { announce() },
	})
	if err != nil {
		log.Fatal(err)
	}
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return
	}
	ticker := time.NewTicker(resync)
	defer ticker.Stop()
	for {
		if err := apply(plan(informer.GetStore().List(), own), podSubnet); err != nil {
			log.Printf("not yet as it should be: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
		}
	}
}
