// Package host is what both plugins share: how they are served to the Pulumi engine, and what they refuse.
package host

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Log carries messages to the user.
type Log interface {
	// Warn prints a warning that stays in the output.
	Warn(urn resource.URN, message string)
	// Progress shows a message beside the resource while it is being worked on.
	Progress(urn resource.URN, message string)
}

// Serve runs a plugin until the engine is done with it, and exits.
func Serve(name string, newProvider func(Log) plugin.Provider) {
	err := provider.Main(name, func(client *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return NewServer(newProvider(&engineLog{client})), nil
	})
	if err != nil {
		cmdutil.ExitError(err.Error())
	}
}

// NewServer makes a provider answer the engine.
func NewServer(provider plugin.Provider) pulumirpc.ResourceProviderServer {
	return topLevel{plugin.NewProviderServer(provider)}
}

// topLevel names the changed inputs beside the paths in them: the engine's one-line display knows inputs only.
type topLevel struct {
	pulumirpc.ResourceProviderServer
}

func (server topLevel) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := server.ResourceProviderServer.Diff(ctx, request)
	if err != nil {
		return nil, err
	}
	inputs := map[string]bool{}
	for _, text := range response.Diffs {
		if path, err := resource.ParsePropertyPath(text); err == nil && len(path) > 0 {
			inputs[fmt.Sprint(path[0])] = true
		}
	}
	response.Diffs = slices.Sorted(maps.Keys(inputs))
	return response, nil
}

type engineLog struct{ client *provider.HostClient }

func (log *engineLog) Warn(urn resource.URN, message string) {
	if log.client != nil {
		_ = log.client.Log(context.Background(), diag.Warning, urn, message)
	}
}

func (log *engineLog) Progress(urn resource.URN, message string) {
	if log.client != nil {
		_ = log.client.LogStatus(context.Background(), diag.Info, urn, message)
	}
}

// Base answers the calls that are the same in both plugins.
type Base struct {
	plugin.UnimplementedProvider
	Package string
	Version string
}

// Handshake accepts secrets; resource references arrive as plain identifiers.
func (base *Base) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptOutputs: true, SupportsAutonamingConfiguration: true}, nil
}

// GetPluginInfo answers with the version of the published package that is being served.
func (base *Base) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.ParseTolerant(base.Version)
	if err != nil {
		return plugin.PluginInfo{}, fmt.Errorf("version %q of the %s plugin: %w", base.Version, base.Package, err)
	}
	return plugin.PluginInfo{Version: &version}, nil
}

// GetSchema names the package; programs use the published SDK, which carries the types.
func (base *Base) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": base.Package, "version": base.Version})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

func (base *Base) GetMapping(context.Context, plugin.GetMappingRequest) (plugin.GetMappingResponse, error) {
	return plugin.GetMappingResponse{}, nil
}

func (base *Base) GetMappings(context.Context, plugin.GetMappingsRequest) (plugin.GetMappingsResponse, error) {
	return plugin.GetMappingsResponse{}, nil
}

func (base *Base) Construct(_ context.Context, request plugin.ConstructRequest) (plugin.ConstructResponse, error) {
	return plugin.ConstructResponse{}, base.Refuse(string(request.Type))
}

func (base *Base) Invoke(_ context.Context, request plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, base.Refuse(string(request.Tok))
}

func (base *Base) Call(_ context.Context, request plugin.CallRequest) (plugin.CallResponse, error) {
	return plugin.CallResponse{}, base.Refuse(string(request.Tok))
}

func (base *Base) Close() error { return nil }

// Refuse is the error for whatever only the published plugin does.
func (base *Base) Refuse(token string) error {
	return status.Errorf(codes.Unimplemented,
		"%s is not supported by the %s plugin built from source; it needs Pulumi's published plugin (pulumi plugin install resource %s %s)",
		token, base.Package, base.Package, base.Version)
}
