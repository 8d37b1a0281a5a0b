// Package random is the resource provider for Pulumi's `random` package: passwords, strings, bytes, identifiers and pet names, all from the
// operating system's cryptographic source.
package random

import (
	"context"
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/values"
)

// Provider serves the package `random`.
type Provider struct{ host.Base }

// New makes a provider that reports the given version.
func New(version string) *Provider {
	return &Provider{host.Base{Package: "random", Version: version}}
}

// kind is one type of resource.
type kind struct {
	required []resource.PropertyKey
	defaults map[resource.PropertyKey]any
	optional []resource.PropertyKey
	// results are the outputs that are random, secrets those of them that are secret.
	results, secrets []resource.PropertyKey
	validate         func(inputs map[string]any) error
	// generate makes the identifier and the results.
	generate func(inputs map[string]any) (id string, results map[string]any, err error)
	// adopt turns an imported identifier into inputs and results.
	adopt func(id string) (inputs, results map[string]any, err error)
}

func (provider *Provider) find(token string) (kind, error) {
	if kind, ok := kinds[token]; ok {
		return kind, nil
	}
	return kind{}, provider.Refuse(token)
}

func (provider *Provider) SignalCancellation(context.Context) error { return nil }

func (provider *Provider) CheckConfig(_ context.Context, request plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: request.News}, nil
}

func (provider *Provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

func (provider *Provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Check fills in defaults and refuses what cannot be generated.
func (provider *Provider) Check(_ context.Context, request plugin.CheckRequest) (plugin.CheckResponse, error) {
	kind, err := provider.find(string(request.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	response := plugin.CheckResponse{Properties: request.News.Copy()}
	refuse := func(key resource.PropertyKey, format string, args ...any) {
		response.Failures = append(response.Failures, plugin.CheckFailure{Property: key, Reason: fmt.Sprintf(format, args...)})
	}
	known := map[resource.PropertyKey]bool{"keepers": true}
	for _, key := range kind.required {
		known[key] = true
		if values.RevealValue(request.News[key]).IsNull() {
			refuse(key, "%s is missing", key)
		}
	}
	for _, key := range kind.optional {
		known[key] = true
	}
	for key, value := range kind.defaults {
		known[key] = true
		if values.RevealValue(response.Properties[key]).IsNull() {
			response.Properties[key] = resource.NewPropertyValue(value)
		}
	}
	for _, key := range request.News.StableKeys() {
		if !known[key] {
			refuse(key, "%s is not an input of %s", key, request.Type)
		}
	}
	if plain, complete := values.Object(response.Properties); complete && len(response.Failures) == 0 {
		if err := kind.validate(plain); err != nil {
			refuse("", "%s", err)
		}
	}
	return response, nil
}

// Diff replaces on any change: something random cannot be changed in place.
func (provider *Provider) Diff(_ context.Context, request plugin.DiffRequest) (plugin.DiffResponse, error) {
	changes := objects.Changes(request.OldInputs, request.NewInputs, request.IgnoreChanges)
	if len(changes) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: changes}
	for path, change := range changes {
		changes[path] = change.ToReplace()
		result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(path))
	}
	sort.Slice(result.ReplaceKeys, func(i, j int) bool { return result.ReplaceKeys[i] < result.ReplaceKeys[j] })
	return result, nil
}

// Create generates the results; a preview leaves them unknown.
func (provider *Provider) Create(_ context.Context, request plugin.CreateRequest) (plugin.CreateResponse, error) {
	kind, err := provider.find(string(request.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if request.Preview {
		outputs := request.Properties.Copy()
		for _, key := range kind.results {
			outputs[key] = values.Unknown()
		}
		return plugin.CreateResponse{Properties: kind.conceal(outputs)}, nil
	}
	plain, known := values.Object(request.Properties)
	if !known {
		return plugin.CreateResponse{}, fmt.Errorf("%s %s: some inputs are not known", request.Type, request.Name)
	}
	id, results, err := kind.generate(plain)
	if err != nil {
		return plugin.CreateResponse{}, fmt.Errorf("%s %s: %w", request.Type, request.Name, err)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: kind.outputs(request.Properties, results)}, nil
}

func (kind kind) outputs(inputs resource.PropertyMap, results map[string]any) resource.PropertyMap {
	outputs := inputs.Copy()
	for key, value := range results {
		outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
	}
	return kind.conceal(outputs)
}

func (kind kind) conceal(outputs resource.PropertyMap) resource.PropertyMap {
	for _, key := range kind.secrets {
		outputs[key] = values.Secret(outputs[key])
	}
	return outputs
}

// Update is never needed; it keeps what there is.
func (provider *Provider) Update(_ context.Context, request plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	return plugin.UpdateResponse{Properties: request.OldOutputs}, nil
}

// Read answers with the state, which is the only place where the result is kept. Without state, an existing value is being imported.
func (provider *Provider) Read(_ context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, err := provider.find(string(request.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(request.State) > 0 {
		return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: request.ID, Inputs: request.Inputs, Outputs: request.State}}, nil
	}
	if kind.adopt == nil {
		return plugin.ReadResponse{}, fmt.Errorf("%s cannot be imported", request.Type)
	}
	plain, results, err := kind.adopt(string(request.ID))
	if err != nil {
		return plugin.ReadResponse{}, fmt.Errorf("import %s: %w", request.Type, err)
	}
	inputs := values.Properties(plain)
	for key, value := range kind.defaults {
		if _, ok := inputs[key]; !ok {
			inputs[key] = resource.NewPropertyValue(value)
		}
	}
	id := request.ID
	if len(kind.secrets) > 0 {
		id = hidden
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: id, Inputs: inputs, Outputs: kind.outputs(inputs, results)}}, nil
}

// Delete has nothing to do: the result lives in the state alone.
func (provider *Provider) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, nil
}
