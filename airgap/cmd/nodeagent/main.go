// Command nodeagent does on each node what pods need of it: it connects them to the pods of the other nodes, and makes
// volumes on the node's own disk.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"mesh.local/airgap/cmd/nodeagent/network"
	"mesh.local/airgap/cmd/nodeagent/volumes"
)

func main() {
	log.SetFlags(0)
	node := os.Getenv("NODE_NAME")
	_, podSubnet, err := net.ParseCIDR(os.Getenv("POD_SUBNET"))
	if node == "" || err != nil {
		log.Fatalf("NODE_NAME and POD_SUBNET (a range such as 10.244.0.0/16) must be set: %v", err)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	// The address as a Service leads nowhere before kube-proxy runs, or worse: to whoever answers outside.
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go volumes.Run(ctx, client, node)
	network.Run(ctx, client, node, podSubnet)
}
