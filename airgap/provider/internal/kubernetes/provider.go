// Package kubernetes is the resource provider: it answers the Pulumi engine's calls about Kubernetes objects and Helm releases.
package kubernetes

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"mesh.local/airgap/provider/internal/cluster"
	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/objects"
	"mesh.local/airgap/provider/internal/values"
)

// Provider serves the package `kubernetes`.
type Provider struct {
	host.Base
	log host.Log

	settings  cluster.Settings
	client    *cluster.Client
	clientErr error

	// running is done when the engine cancels.
	running context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	owners map[types.UID]resource.URN
	// adopted are the objects that were there already when a resource was to create them.
	adopted map[types.UID]bool
	warned  bool
}

// New makes a provider that reports the given version.
func New(version string, log host.Log) *Provider {
	running, cancel := context.WithCancel(context.Background())
	return &Provider{
		Base: host.Base{Package: "kubernetes", Version: version}, log: log,
		running: running, cancel: cancel, owners: map[types.UID]resource.URN{}, adopted: map[types.UID]bool{},
	}
}

// SignalCancellation ends every wait.
func (provider *Provider) SignalCancellation(context.Context) error {
	provider.cancel()
	return nil
}

// begin ties a call to the engine's cancellation.
func (provider *Provider) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(provider.running, cancel)
	return ctx, func() { stop(); cancel() }
}

// CheckConfig refuses inputs of a Provider resource that cannot be honoured.
func (provider *Provider) CheckConfig(_ context.Context, request plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	_, problems := cluster.ParseSettings(request.News)
	response := plugin.CheckConfigResponse{Properties: request.News}
	for _, problem := range problems {
		response.Failures = append(response.Failures, plugin.CheckFailure{Property: resource.PropertyKey(problem.Property), Reason: problem.Reason})
	}
	return response, nil
}

// DiffConfig replaces a Provider, and so every object of it, only when it turns to another cluster.
func (provider *Provider) DiffConfig(_ context.Context, request plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	changes := objects.Changes(request.OldInputs, request.NewInputs, request.IgnoreChanges)
	if len(changes) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: changes}
	olds, _ := cluster.ParseSettings(request.OldInputs)
	news, _ := cluster.ParseSettings(request.NewInputs)
	if !anotherCluster(olds, news) {
		return result, nil
	}
	for _, key := range []string{"clusterIdentifier", "kubeconfig", "context", "cluster"} {
		if change, ok := changes[key]; ok {
			changes[key] = change.ToReplace()
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(key))
		}
	}
	return result, nil
}

func anotherCluster(olds, news cluster.Settings) bool {
	if olds.ClusterIdentifier != "" && news.ClusterIdentifier != "" {
		return olds.ClusterIdentifier != news.ClusterIdentifier
	}
	if olds.Unknown || news.Unknown {
		return false
	}
	was, is := olds.Identity(), news.Identity()
	return was != "" && is != "" && was != is
}

// Configure keeps the settings. A kubeconfig that cannot be read is reported by the first call that needs it: previews do not.
func (provider *Provider) Configure(_ context.Context, request plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	settings, problems := cluster.ParseSettings(request.Inputs)
	if len(problems) > 0 {
		reasons := make([]string, 0, len(problems))
		for _, problem := range problems {
			reasons = append(reasons, problem.Reason)
		}
		return plugin.ConfigureResponse{}, fmt.Errorf("kubernetes provider: %s", strings.Join(reasons, "; "))
	}
	// `pulumi destroy` runs no program, so the SDK does not get to read these from the environment.
	settings.DeleteUnreachable = settings.DeleteUnreachable || on("PULUMI_K8S_DELETE_UNREACHABLE")
	settings.SkipUpdateUnreachable = settings.SkipUpdateUnreachable || on("PULUMI_K8S_SKIP_UPDATE_UNREACHABLE")
	provider.settings = settings
	if !settings.Unknown {
		provider.client, provider.clientErr = cluster.NewClient(settings)
	}
	return plugin.ConfigureResponse{}, nil
}

func on(variable string) bool {
	value, err := strconv.ParseBool(os.Getenv(variable))
	return err == nil && value
}

// connect is the client, or why there is none.
func (provider *Provider) connect() (*cluster.Client, error) {
	switch {
	case provider.clientErr != nil:
		return nil, provider.clientErr
	case provider.client == nil:
		return nil, fmt.Errorf("the kubeconfig is not known yet")
	}
	return provider.client, nil
}

// offline tells a preview that the cluster cannot be asked, and says so once where that is a surprise.
func (provider *Provider) offline(ctx context.Context, urn resource.URN) bool {
	if provider.settings.Unknown {
		return true
	}
	client, err := provider.connect()
	if err == nil {
		err = client.Reachable(ctx)
	}
	if err == nil {
		return false
	}
	provider.mu.Lock()
	defer provider.mu.Unlock()
	if !provider.warned {
		provider.warned = true
		provider.log.Warn(urn, "the cluster does not answer, so this preview cannot ask it; what only the cluster knows is shown as unknown: "+err.Error())
	}
	return true
}

// namespace is where an object of a kind goes that names no namespace; empty for kinds that have none, and for kinds nobody knows yet.
func (provider *Provider) namespace(ctx context.Context, kind schema.GroupVersionKind, urn resource.URN) string {
	namespaced, known := objects.Namespaced(kind.GroupKind())
	if !known && !provider.offline(ctx, urn) {
		mapping, err := provider.client.Mapping(kind)
		namespaced = err == nil && mapping.Scope.Name() == meta.RESTScopeNameNamespace
	}
	if !namespaced {
		return ""
	}
	return provider.defaultNamespace()
}

func (provider *Provider) defaultNamespace() string {
	switch {
	case provider.settings.Namespace != "":
		return provider.settings.Namespace
	case provider.client != nil:
		return provider.client.Namespace
	default:
		return "default"
	}
}

// mutable tells whether ConfigMaps or Secrets are updated in place, as the Provider's inputs say.
func (provider *Provider) mutable(kind string) bool {
	return kind == "ConfigMap" && provider.settings.EnableConfigMapMutable || kind == "Secret" && provider.settings.EnableSecretMutable
}

// Check names objects, puts them into a namespace, and refuses what cannot become an object.
func (provider *Provider) Check(ctx context.Context, request plugin.CheckRequest) (plugin.CheckResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	token := string(request.Type)
	if objects.Refused(token) {
		return plugin.CheckResponse{}, provider.Refuse(token)
	}
	if token == releaseToken {
		return provider.checkRelease(request)
	}
	kind, err := objects.KindOf(token)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	given := values.RevealValue(request.News["kind"])
	isPatch := given.IsString() && given.StringValue()+"Patch" == kind.Kind
	isList := strings.HasSuffix(kind.Kind, "List") && values.RevealValue(request.News["items"]).IsArray()
	if isPatch || isList {
		return plugin.CheckResponse{}, provider.Refuse(token)
	}
	news := request.News.Copy()
	failures := checkIdentity(news, kind)
	naming := objects.Naming{Resource: request.Name, Seed: request.RandomSeed, Options: request.Autonaming}
	if err := objects.AssignName(news, request.Olds, naming); err != nil {
		return plugin.CheckResponse{}, err
	}
	metadata := objects.Metadata(news)
	if metadata != nil || !news["metadata"].ContainsUnknowns() {
		name, generate := metadata["name"], metadata["generateName"]
		if !name.HasValue() && !name.IsComputed() && !generate.HasValue() && !generate.IsComputed() {
			failures = append(failures, plugin.CheckFailure{Property: "metadata.name", Reason: kind.Kind + " " + request.Name + " has no metadata.name"})
		}
	}
	if namespace := provider.namespace(ctx, kind, request.URN); namespace != "" {
		objects.AssignNamespace(news, namespace)
	}
	return plugin.CheckResponse{Properties: news, Failures: failures}, nil
}

// checkIdentity requires apiVersion and kind, and that they are those of the type.
func checkIdentity(news resource.PropertyMap, kind schema.GroupVersionKind) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for key, wanted := range map[resource.PropertyKey]string{"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind} {
		switch given := values.RevealValue(news[key]); {
		case given.IsNull():
			failures = append(failures, plugin.CheckFailure{Property: key, Reason: fmt.Sprintf("%s is missing; the type says %s", key, wanted)})
		case given.IsString() && given.StringValue() != wanted:
			failures = append(failures, plugin.CheckFailure{
				Property: key, Reason: fmt.Sprintf("%s is %s, but the type says %s", key, given.StringValue(), wanted),
			})
		}
	}
	return failures
}

// Diff compares inputs. It needs the cluster only where an object would have to be deleted before there is another one: a replacement that
// loses what the object holds, or that the API server would not take, is refused as long as the object is there.
func (provider *Provider) Diff(ctx context.Context, request plugin.DiffRequest) (plugin.DiffResponse, error) {
	ctx, done := provider.begin(ctx)
	defer done()
	if string(request.Type) == releaseToken {
		return provider.diffRelease(request)
	}
	result := objects.Diff(request.OldInputs, request.NewInputs, request.IgnoreChanges, provider.defaultNamespace(), provider.mutable)
	if result.Replace() && result.DeleteBeforeReplace {
		if err := provider.allowDeletion(ctx, request, result); err != nil {
			return plugin.DiffResult{}, err
		}
	}
	return result, nil
}
