// Command pulumi-resource-kubernetes serves Pulumi's `kubernetes` package where the published plugin cannot be downloaded.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/kubernetes"
)

// version is that of the SDK the plugin stands in for: -ldflags "-X main.version=…".
var version = "4.34.2"

func main() {
	host.Serve("kubernetes", func(log host.Log) plugin.Provider { return kubernetes.New(version, log) })
}
