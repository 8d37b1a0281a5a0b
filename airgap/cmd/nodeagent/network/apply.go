package network

import (
	"errors"
	"fmt"
	"net"
	"os/exec"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// protocol marks the routes that are ours, so that those of nodes that are gone can be told from everybody else's.
const protocol = 77

// apply makes the node as planned and reports what it could not do; it goes on after an error, as the parts are independent.
func apply(want network, podSubnet *net.IPNet) error {
	problems := []error{applyRoutes(want.peers)}
	if want.own != nil {
		problems = append(problems, masquerade(want.own, podSubnet), writeConfiguration(want.own))
	}
	return errors.Join(problems...)
}

func applyRoutes(peers map[string]net.IP) error {
	present, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: protocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return fmt.Errorf("listing routes: %w", err)
	}
	var problems []error
	kept := map[string]bool{}
	for _, route := range present {
		if gateway, wanted := peers[route.Dst.String()]; wanted && gateway.Equal(route.Gw) {
			kept[route.Dst.String()] = true
		} else if err := netlink.RouteDel(&route); err != nil && !errors.Is(err, unix.ESRCH) {
			problems = append(problems, fmt.Errorf("removing the route to %s: %w", route.Dst, err))
		}
	}
	for pods, gateway := range peers {
		if kept[pods] {
			continue
		}
		_, destination, err := net.ParseCIDR(pods)
		if err == nil {
			err = netlink.RouteReplace(&netlink.Route{Dst: destination, Gw: gateway, Protocol: protocol})
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("adding a route to %s by way of %s: %w", pods, gateway, err))
		}
	}
	return errors.Join(problems...)
}

// masquerade lets packets of this node's pods to anywhere outside the pod network carry the node's address, as nobody
// out there knows a way back to a pod's.
func masquerade(own, podSubnet *net.IPNet) error {
	rule := []string{"POSTROUTING", "-s", own.String(), "!", "-d", podSubnet.String(),
		"-m", "comment", "--comment", "pods leave the pod network", "-j", "MASQUERADE"}
	if iptables("-C", rule) == nil {
		return nil
	}
	return iptables("-A", rule)
}

func iptables(action string, rule []string) error {
	output, err := exec.Command("iptables", append([]string{"-w", "-t", "nat", action}, rule...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("iptables %s: %w: %s", action, err, output)
	}
	return nil
}
