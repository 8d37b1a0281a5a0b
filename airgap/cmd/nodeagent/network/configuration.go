package network

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// folder is where the container runtime looks for network configurations.
const folder = "/etc/cni/net.d"

// file sorts before what others may put there.
const file = "10-pods.conflist"

// ownPlugins are the plugins this program writes; others, such as Istio's, may have been chained to them.
var ownPlugins = []string{"ptp", "portmap"}

type conflist struct {
	Version string           `json:"cniVersion"`
	Name    string           `json:"name"`
	Plugins []map[string]any `json:"plugins"`
}

// configuration gives each pod a pair of interfaces and an address of the node's range. Addresses in use are kept below
// /run: a node that starts again has no pods yet.
func configuration(pods *net.IPNet) conflist {
	return conflist{Version: "0.4.0", Name: "pods", Plugins: []map[string]any{
		{
			"type":   "ptp",
			"ipMasq": false,
			"ipam": map[string]any{
				"type":    "host-local",
				"dataDir": "/run/cni-ipam-state",
				"ranges":  []any{[]any{map[string]any{"subnet": pods.String()}}},
				"routes":  []any{map[string]any{"dst": "0.0.0.0/0"}},
			},
		},
		{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
	}}
}

// writeConfiguration puts the configuration in place in one step. One that says the same already is left alone, with
// whatever plugins others have chained to it.
func writeConfiguration(pods *net.IPNet) error {
	path := filepath.Join(folder, file)
	content, err := json.MarshalIndent(configuration(pods), "", "  ")
	if err != nil {
		return err
	}
	if present, err := os.ReadFile(path); err == nil && sameBase(present, content) {
		return nil
	}
	temporary := filepath.Join(folder, ".nodeagent")
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return fmt.Errorf("writing the network configuration: %w", err)
	}
	return os.Rename(temporary, path)
}

// sameBase tells whether two configurations agree in the plugins that are ours.
func sameBase(one, other []byte) bool {
	base := func(content []byte) string {
		var list conflist
		if json.Unmarshal(content, &list) != nil {
			return ""
		}
		list.Plugins = slices.DeleteFunc(list.Plugins, func(plugin map[string]any) bool {
			name, _ := plugin["type"].(string)
			return !slices.Contains(ownPlugins, name)
		})
		normal, _ := json.Marshal(list.Plugins)
		return string(normal)
	}
	return base(one) != "" && base(one) == base(other)
}
