package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Client reaches one cluster.
type Client struct {
	Dynamic   dynamic.Interface
	Typed     kubernetes.Interface
	Discovery discovery.CachedDiscoveryInterface
	// Namespace is where namespaced objects go that name none.
	Namespace string

	rest   *rest.Config
	loader clientcmd.ClientConfig
	mapper *restmapper.DeferredDiscoveryRESTMapper

	probe     sync.Mutex
	probed    time.Time
	probeFail error
}

// NewClient reads the settings; it does not contact the cluster yet.
func NewClient(settings Settings) (*Client, error) {
	loader, err := settings.Load()
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	if settings.Client.QPS != 0 {
		config.QPS = settings.Client.QPS
	}
	if settings.Client.Burst != 0 {
		config.Burst = settings.Client.Burst
	}
	config.Timeout = time.Duration(settings.Client.Timeout) * time.Second
	// Warnings of the API server belong beside a resource, not into the plugin's standard error.
	config.WarningHandler = rest.NoWarnings{}
	config.UserAgent = "pulumi-kubernetes"

	client := &Client{rest: config, loader: loader}
	if client.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	if client.Dynamic, err = dynamic.NewForConfigAndClient(config, http); err != nil {
		return nil, err
	}
	if client.Typed, err = kubernetes.NewForConfigAndClient(config, http); err != nil {
		return nil, err
	}
	client.Discovery = memory.NewMemCacheClient(client.Typed.Discovery())
	client.mapper = restmapper.NewDeferredDiscoveryRESTMapper(client.Discovery)
	return client, nil
}

// Reachable asks the API server for a sign of life, at most once in a few seconds.
func (client *Client) Reachable(ctx context.Context) error {
	client.probe.Lock()
	defer client.probe.Unlock()
	if !client.probed.IsZero() && time.Since(client.probed) < 5*time.Second {
		return client.probeFail
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client.probeFail = client.Typed.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Error()
	client.probed = time.Now()
	return client.probeFail
}

// Mapping finds out how a kind is addressed; a kind not seen yet is looked up afresh.
func (client *Client) Mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := client.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		client.mapper.Reset()
		mapping, err = client.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return mapping, err
}

// Resource is the endpoint of an object's kind, in the object's namespace where the kind has namespaces.
func (client *Client) Resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	return client.Endpoint(object.GroupVersionKind(), object.GetNamespace())
}

// Endpoint is Resource for a kind and a namespace.
func (client *Client) Endpoint(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := client.Mapping(kind)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return client.Dynamic.Resource(mapping.Resource), nil
	}
	if namespace == "" {
		namespace = client.Namespace
	}
	return client.Dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// ToRESTConfig and its sisters make the client usable by the Helm SDK.
func (client *Client) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(client.rest), nil }

func (client *Client) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return client.Discovery, nil
}

func (client *Client) ToRESTMapper() (meta.RESTMapper, error) { return client.mapper, nil }

func (client *Client) ToRawKubeConfigLoader() clientcmd.ClientConfig { return client.loader }
