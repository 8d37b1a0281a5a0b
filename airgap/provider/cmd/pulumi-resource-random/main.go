// Command pulumi-resource-random serves Pulumi's `random` package where the published plugin cannot be downloaded.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/random"
)

// version is that of the SDK the plugin stands in for: -ldflags "-X main.version=…".
var version = "4.21.2"

func main() {
	host.Serve("random", func(host.Log) plugin.Provider { return random.New(version) })
}
