// Package cluster turns the provider's configuration into clients of one cluster, and knows its errors.
package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"mesh.local/airgap/provider/internal/values"
)

// Settings are the inputs of a kubernetes Provider resource.
type Settings struct {
	Kubeconfig             string
	Context                string
	Cluster                string
	ClusterIdentifier      string
	Namespace              string
	DeleteUnreachable      bool
	SkipUpdateUnreachable  bool
	UpsertExistingObjects  bool
	EnableConfigMapMutable bool
	EnableSecretMutable    bool
	Helm                   HelmSettings
	Client                 ClientSettings

	// Unknown is set while a preview does not know the kubeconfig or the context yet.
	Unknown bool
}

// HelmSettings are helmReleaseSettings of a Provider.
type HelmSettings struct {
	Driver               string `json:"driver"`
	PluginsPath          string `json:"pluginsPath"`
	RegistryConfigPath   string `json:"registryConfigPath"`
	RepositoryCache      string `json:"repositoryCache"`
	RepositoryConfigPath string `json:"repositoryConfigPath"`
}

// ClientSettings are kubeClientSettings of a Provider.
type ClientSettings struct {
	Burst   int     `json:"burst"`
	QPS     float32 `json:"qps"`
	Timeout int     `json:"timeout"`
}

// Problem is one thing wrong with one input.
type Problem struct{ Property, Reason string }

// ignored are inputs which change nothing here: server-side apply is always on, and there are no patch resources, hooks or deprecation warnings.
var ignored = []string{
	"enableServerSideApply", "enablePatchForce", "suppressDeprecationWarnings", "suppressHelmHookWarnings", "version", "pluginDownloadURL",
}

// ParseSettings reads a Provider's inputs. Problems name every input that cannot be honoured.
func ParseSettings(inputs resource.PropertyMap) (Settings, []Problem) {
	var settings Settings
	var problems []Problem
	plain, _ := values.Object(inputs)
	texts := map[string]*string{
		"kubeconfig": &settings.Kubeconfig, "context": &settings.Context, "cluster": &settings.Cluster,
		"clusterIdentifier": &settings.ClusterIdentifier, "namespace": &settings.Namespace,
	}
	switches := map[string]*bool{
		"deleteUnreachable": &settings.DeleteUnreachable, "skipUpdateUnreachable": &settings.SkipUpdateUnreachable,
		"upsertExistingObjects": &settings.UpsertExistingObjects, "enableConfigMapMutable": &settings.EnableConfigMapMutable,
		"enableSecretMutable": &settings.EnableSecretMutable,
	}
	objects := map[string]any{"helmReleaseSettings": &settings.Helm, "kubeClientSettings": &settings.Client}
	refused := map[string]string{
		"renderYamlToDirectory": "rendering YAML instead of deploying", "alwaysRender": "rendering YAML instead of deploying",
	}
	for _, name := range ignored {
		objects[name] = nil
	}

	names := make([]string, 0, len(inputs))
	for name := range inputs {
		names = append(names, string(name))
	}
	sort.Strings(names)
	for _, name := range names {
		value, present := plain[name]
		if !present {
			settings.Unknown = settings.Unknown || name == "kubeconfig" || name == "context" || name == "cluster"
			continue
		}
		var err error
		if target, ok := texts[name]; ok {
			*target, err = text(value)
		} else if target, ok := switches[name]; ok {
			*target, err = boolean(value)
		} else if target, ok := objects[name]; ok {
			err = decode(value, target)
		} else if what, ok := refused[name]; ok {
			err = refuse(value, what)
		} else {
			err = errors.New("is not an input of this provider")
		}
		if err != nil {
			problems = append(problems, Problem{Property: name, Reason: name + ": " + err.Error()})
		}
	}
	return settings, problems
}

func text(value any) (string, error) {
	if value, ok := value.(string); ok {
		return value, nil
	}
	return "", fmt.Errorf("is %T, and must be a string", value)
}

// boolean accepts true and its JSON encoding, which is how the SDK sends it.
func boolean(value any) (bool, error) {
	switch value := value.(type) {
	case bool:
		return value, nil
	case string:
		return strconv.ParseBool(value)
	default:
		return false, fmt.Errorf("is %T, and must be true or false", value)
	}
}

func decode(value, target any) error {
	if target == nil {
		return nil
	}
	encoded, ok := value.(string)
	if !ok {
		data, err := json.Marshal(value)
		if err != nil {
			return err
		}
		encoded = string(data)
	}
	return json.Unmarshal([]byte(encoded), target)
}

func refuse(value any, what string) error {
	if on, err := boolean(value); err == nil && !on {
		return nil
	}
	return fmt.Errorf("%s needs Pulumi's published plugin", what)
}

// Load resolves the kubeconfig: content, or a path, or the usual places when nothing is given.
func (settings Settings) Load() (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: settings.Context}
	overrides.Context = clientcmdapi.Context{Cluster: settings.Cluster, Namespace: settings.Namespace}
	if settings.Kubeconfig == "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides), nil
	}
	content := []byte(settings.Kubeconfig)
	if path, ok := pathTo(settings.Kubeconfig); ok {
		var err error
		if content, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
	}
	parsed, err := clientcmd.Load(content)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig is neither the path of a file nor a kubeconfig: %w", err)
	}
	return clientcmd.NewDefaultClientConfig(*parsed, overrides), nil
}

func pathTo(kubeconfig string) (string, bool) {
	if strings.ContainsAny(kubeconfig, "\n{") || len(kubeconfig) > 4096 {
		return "", false
	}
	path := kubeconfig
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		path = filepath.Join(home, rest)
	}
	return path, true
}

// Identity tells clusters apart where no clusterIdentifier is given: the address of the API server.
func (settings Settings) Identity() string {
	config, err := settings.Load()
	if err != nil {
		return ""
	}
	rest, err := config.ClientConfig()
	if err != nil {
		return ""
	}
	return rest.Host
}
