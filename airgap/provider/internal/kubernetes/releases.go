package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	helm "helm.sh/helm/v3/pkg/release"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/release"
	"mesh.local/airgap/provider/internal/values"
)

const releaseToken = "kubernetes:helm.sh/v3:Release"

// maxReleaseName is Helm's limit.
const maxReleaseName = 53

func (provider *Provider) checkRelease(request plugin.CheckRequest) (plugin.CheckResponse, error) {
	news := request.News.Copy()
	delete(news, "compat")
	for key, value := range news {
		if value.IsNull() {
			delete(news, key)
		}
	}
	if !present(news["name"]) {
		news["name"] = request.Olds["name"]
		if !present(news["name"]) {
			naming := objects.Naming{Resource: request.Name, Seed: request.RandomSeed, Options: request.Autonaming}
			name, err := objects.NewName(naming, maxReleaseName)
			if err != nil {
				return plugin.CheckResponse{}, fmt.Errorf("name of Helm release %s: %w", request.Name, err)
			}
			news["name"] = resource.NewStringProperty(name)
		}
	}
	if !present(news["namespace"]) {
		news["namespace"] = resource.NewStringProperty(provider.defaultNamespace())
	}
	args, _, problems := release.Parse(news)
	if !present(news["chart"]) {
		problems = append(problems, release.Problem{Property: "chart", Reason: "chart is missing"})
	} else if args.Chart != "" && args.IsLocal() {
		sum, err := args.Sum()
		if err != nil {
			problems = append(problems, release.Problem{Property: "chart", Reason: err.Error()})
		}
		news[release.Checksum] = resource.NewStringProperty(sum)
	}
	response := plugin.CheckResponse{Properties: news}
	for _, problem := range problems {
		response.Failures = append(response.Failures, plugin.CheckFailure{Property: resource.PropertyKey(problem.Property), Reason: problem.Reason})
	}
	return response, nil
}

// present tells that there is a value, if only a future one.
func present(value resource.PropertyValue) bool {
	value = values.RevealValue(value)
	return !value.IsNull() && !(value.IsString() && value.StringValue() == "")
}

func (provider *Provider) diffRelease(request plugin.DiffRequest) (plugin.DiffResponse, error) {
	changes := objects.Changes(request.OldInputs, request.NewInputs, request.IgnoreChanges)
	delete(changes, "compat")
	// Most charts have objects outside their namespace, which two releases cannot both own. An engine that was stopped after the deletion asks
	// again, when there may be no difference any more.
	if len(changes) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone, DeleteBeforeReplace: true}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: changes, DeleteBeforeReplace: true}
	for _, key := range []string{"name", "namespace"} {
		if change, ok := changes[key]; ok {
			changes[key] = change.ToReplace()
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(key))
		}
	}
	return result, nil
}

func (provider *Provider) createRelease(ctx context.Context, request plugin.CreateRequest) (plugin.CreateResponse, error) {
	if request.Preview {
		outputs, err := provider.previewRelease(request.Properties)
		return plugin.CreateResponse{Properties: outputs}, err
	}
	outputs, err := provider.applyRelease(ctx, request.URN, request.Properties, request.Timeout, true)
	id := objects.ID(text(request.Properties, "namespace"), text(request.Properties, "name"))
	return plugin.CreateResponse{ID: resource.ID(id), Properties: outputs}, err
}

func (provider *Provider) updateRelease(ctx context.Context, request plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if request.Preview {
		outputs, err := provider.previewRelease(request.NewInputs)
		return plugin.UpdateResponse{Properties: outputs}, err
	}
	outputs, err := provider.applyRelease(ctx, request.URN, request.NewInputs, request.Timeout, false)
	return plugin.UpdateResponse{Properties: outputs}, err
}

func (provider *Provider) previewRelease(inputs resource.PropertyMap) (resource.PropertyMap, error) {
	if args, known, _ := release.Parse(inputs); known {
		if err := release.Validate(args, provider.settings.Helm); err != nil {
			return nil, fmt.Errorf("Helm release %s/%s: %w", args.Namespace, args.Name, err)
		}
	}
	outputs := inputs.Copy()
	outputs["status"] = values.Unknown()
	outputs["resourceNames"] = values.Unknown()
	return outputs, nil
}

func (provider *Provider) applyRelease(
	ctx context.Context, urn resource.URN, inputs resource.PropertyMap, seconds float64, create bool,
) (resource.PropertyMap, error) {
	client, err := provider.connect()
	if err != nil {
		return nil, err
	}
	args, known, problems := release.Parse(inputs)
	if !known || len(problems) > 0 {
		return nil, fmt.Errorf("Helm release %s: its inputs are not complete: %v", args.Name, problems)
	}
	if args.Timeout == 0 {
		args.Timeout = int(seconds)
	}
	runner := provider.runner(client, urn)
	applied, err := runner.Apply(ctx, args, create)
	if err == nil {
		return releaseOutputs(applied, inputs, client), nil
	}
	id := objects.ID(args.Namespace, args.Name)
	err = fmt.Errorf("Helm release %s: %w", id, err)
	if applied == nil {
		return nil, err
	}
	if create && applied.Info.Status == helm.StatusDeployed {
		// Refused before anything was done to it: it is somebody else's.
		return nil, err
	}
	return nil, partial(id, releaseOutputs(applied, inputs, client), inputs, err)
}

func (provider *Provider) runner(client *cluster.Client, urn resource.URN) release.Runner {
	return release.Runner{Client: client, Settings: provider.settings.Helm, Say: provider.sayer(urn)}
}

func releaseOutputs(applied *helm.Release, inputs resource.PropertyMap, client *cluster.Client) resource.PropertyMap {
	outputs := inputs.Copy()
	outputs["status"] = resource.NewPropertyValue(release.Status(applied))
	outputs["resourceNames"] = resource.NewPropertyValue(release.Names(applied, client))
	return outputs
}

func (provider *Provider) readRelease(ctx context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	namespace, name := objects.Name(string(request.ID))
	if namespace == "" {
		namespace = provider.defaultNamespace()
	}
	var live *helm.Release
	runner := provider.runner(provider.client, request.URN)
	err := cluster.Retry(ctx, runner.Say, func() (err error) {
		live, err = runner.Get(ctx, namespace, name)
		return err
	})
	if err != nil {
		return plugin.ReadResponse{}, fmt.Errorf("read Helm release %s: %w", request.ID, err)
	}
	if live == nil || live.Info.Status == helm.StatusUninstalled {
		return plugin.ReadResponse{}, nil
	}
	inputs := request.Inputs.Copy()
	if len(inputs) == 0 {
		inputs = importedRelease(live)
	} else {
		driftRelease(live, inputs, request.State)
	}
	outputs := releaseOutputs(live, inputs, provider.client)
	id := objects.ID(live.Namespace, live.Name)
	if status := live.Info.Status; status != helm.StatusDeployed && len(request.Inputs) > 0 {
		return plugin.ReadResponse{}, partial(id, outputs, inputs, &await.NotReady{
			Message: fmt.Sprintf("Helm release %s is %s: %s", id, status, live.Info.Description),
		})
	}
	// Helm does not look whether what it made is still there. A release that lacks something counts as not brought to an end, so that the
	// next update upgrades it, and an upgrade makes what is missing.
	if missing := runner.Missing(ctx, live); len(missing) > 0 && len(request.Inputs) > 0 {
		return plugin.ReadResponse{}, partial(id, outputs, inputs, &await.NotReady{
			Message: fmt.Sprintf("Helm release %s lacks what somebody deleted: %s", id, strings.Join(missing, ", ")),
		})
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(id), Inputs: inputs, Outputs: outputs}}, nil
}

func importedRelease(live *helm.Release) resource.PropertyMap {
	return resource.PropertyMap{
		"name": resource.NewStringProperty(live.Name), "namespace": resource.NewStringProperty(live.Namespace),
		"chart": resource.NewStringProperty(live.Chart.Metadata.Name), "version": resource.NewStringProperty(live.Chart.Metadata.Version),
		"values": resource.NewPropertyValue(live.Config),
	}
}

// driftRelease puts into inputs what somebody else has given the release: other values, another version of the chart.
func driftRelease(live *helm.Release, inputs, state resource.PropertyMap) {
	args, known, _ := release.Parse(inputs)
	if !known {
		return
	}
	if !equal(args.Values, live.Config) && !args.ReuseValues {
		drifted := resource.NewPropertyValue(live.Config)
		if values.ContainsSecret(inputs["values"]) {
			drifted = values.Secret(drifted)
		}
		inputs["values"] = drifted
		delete(inputs, "valueYamlFiles")
	}
	before := values.RevealValue(state["status"])
	if version := live.Chart.Metadata.Version; before.IsObject() && objects.Text(before.ObjectValue(), "version") != version {
		inputs["version"] = resource.NewStringProperty(version)
		delete(inputs, release.Checksum)
	}
}

// equal compares values as JSON sees them: Helm reads them back from there.
func equal(a, b map[string]any) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	left, right := values.Properties(normalise(a)), values.Properties(normalise(b))
	return reflect.DeepEqual(left, right) || left.DeepEquals(right)
}

func normalise(object map[string]any) map[string]any {
	if object == nil {
		return map[string]any{}
	}
	return object
}

func (provider *Provider) deleteRelease(ctx context.Context, client *cluster.Client, request plugin.DeleteRequest) error {
	namespace, name := objects.Name(string(request.ID))
	args, _, _ := release.Parse(request.Inputs)
	if args.Timeout == 0 {
		args.Timeout = int(request.Timeout)
	}
	runner := provider.runner(client, request.URN)
	if status := values.RevealValue(request.Outputs["status"]); status.IsObject() {
		live, err := runner.Get(ctx, namespace, name)
		if err != nil {
			return fmt.Errorf("read Helm release %s before it is deleted: %w", request.ID, err)
		}
		known := objects.Text(status.ObjectValue(), "firstDeployed")
		if live != nil && known != "" && known != release.FirstDeployed(live) {
			provider.log.Warn(request.URN, fmt.Sprintf("Helm release %s is kept: it is not the one that the state knows, which is gone", request.ID))
			return nil
		}
	}
	if err := runner.Uninstall(ctx, namespace, name, args); err != nil {
		return fmt.Errorf("uninstall Helm release %s: %w", request.ID, err)
	}
	return nil
}

func text(properties resource.PropertyMap, key resource.PropertyKey) string {
	return objects.Text(values.Reveal(properties), key)
}
