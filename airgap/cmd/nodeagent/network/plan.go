package network

import (
	"net"

	corev1 "k8s.io/api/core/v1"
)

// network is what one node has to have.
type network struct {
	// own is the pod range of this node, nil while the control plane has not given it one.
	own *net.IPNet
	// peers maps the pod range of each other node to that node's address.
	peers map[string]net.IP
}

// plan reads from the cluster's nodes what the node called own has to have. Nodes without a range or an address are left
// out: another event announces them when they are complete.
func plan(nodes []any, own string) network {
	result := network{peers: map[string]net.IP{}}
	for _, item := range nodes {
		node, ok := item.(*corev1.Node)
		if !ok {
			continue
		}
		_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
		if err != nil {
			continue
		}
		if node.Name == own {
			result.own = pods
		} else if address := internalAddress(node); address != nil {
			result.peers[pods.String()] = address
		}
	}
	return result
}

func internalAddress(node *corev1.Node) net.IP {
	for _, address := range node.Status.Addresses {
		if ip := net.ParseIP(address.Address).To4(); address.Type == corev1.NodeInternalIP && ip != nil {
			return ip
		}
	}
	return nil
}
