package network

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(name, pods, address string) *corev1.Node {
	result := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDR: pods}}
	if address != "" {
		result.Status.Addresses = []corev1.NodeAddress{
			{Type: corev1.NodeHostName, Address: name},
			{Type: corev1.NodeInternalIP, Address: address},
		}
	}
	return result
}

func TestPlanTakesOwnRangeAndOneRouteForEachCompletePeer(t *testing.T) {
	got := plan([]any{
		node("a", "10.244.0.0/24", "10.89.0.2"),
		node("b", "10.244.1.0/24", "10.89.0.3"),
		node("no-range-yet", "", "10.89.0.4"),
		node("no-address-yet", "10.244.3.0/24", ""),
	}, "a")
	if got.own.String() != "10.244.0.0/24" {
		t.Errorf("own range: %v", got.own)
	}
	if len(got.peers) != 1 || got.peers["10.244.1.0/24"].String() != "10.89.0.3" {
		t.Errorf("peers: %v", got.peers)
	}
}

func TestConfigurationKeepsPluginsThatOthersChained(t *testing.T) {
	_, pods, _ := net.ParseCIDR("10.244.1.0/24")
	_, others, _ := net.ParseCIDR("10.244.2.0/24")
	own, _ := json.Marshal(configuration(pods))
	chained := strings.Replace(string(own), `{"capabilities"`, `{"type":"istio-cni"},{"capabilities"`, 1)
	if chained == string(own) || !sameBase([]byte(chained), own) {
		t.Error("a chained plugin must not count as a difference")
	}
	moved, _ := json.Marshal(configuration(others))
	if sameBase(moved, own) || sameBase([]byte("{"), own) {
		t.Error("another range, or a broken file, must be written anew")
	}
}
