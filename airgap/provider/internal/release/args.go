// Package release installs, upgrades and uninstalls Helm releases.
package release

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"sigs.k8s.io/yaml"

	"mesh.local/airgap/provider/internal/values"
)

// Args are the inputs of a helm.v3.Release.
type Args struct {
	Chart          string     `json:"chart"`
	Version        string     `json:"version"`
	RepositoryOpts Repository `json:"repositoryOpts"`
	Name           string     `json:"name"`
	Namespace      string     `json:"namespace"`
	Description    string     `json:"description"`
	Keyring        string     `json:"keyring"`
	Postrender     string     `json:"postrender"`
	Timeout        int        `json:"timeout"`
	MaxHistory     int        `json:"maxHistory"`

	AllowNullValues          bool `json:"allowNullValues"`
	Atomic                   bool `json:"atomic"`
	CleanupOnFail            bool `json:"cleanupOnFail"`
	CreateNamespace          bool `json:"createNamespace"`
	DependencyUpdate         bool `json:"dependencyUpdate"`
	Devel                    bool `json:"devel"`
	DisableOpenapiValidation bool `json:"disableOpenapiValidation"`
	DisableWebhooks          bool `json:"disableWebhooks"`
	ForceUpdate              bool `json:"forceUpdate"`
	RecreatePods             bool `json:"recreatePods"`
	RenderSubchartNotes      bool `json:"renderSubchartNotes"`
	Replace                  bool `json:"replace"`
	ResetValues              bool `json:"resetValues"`
	ReuseValues              bool `json:"reuseValues"`
	SkipAwait                bool `json:"skipAwait"`
	SkipCrds                 bool `json:"skipCrds"`
	TakeOwnership            bool `json:"takeOwnership"`
	Verify                   bool `json:"verify"`
	WaitForJobs              bool `json:"waitForJobs"`

	// Values are valueYamlFiles and values, merged.
	Values map[string]any `json:"-"`
}

// Repository is where a chart comes from that is not a local folder.
type Repository struct {
	Repo     string `json:"repo"`
	Username string `json:"username"`
	Password string `json:"password"`
	CaFile   string `json:"caFile"`
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
}

// Checksum is the input that the provider adds itself: the content of a local chart, so that a changed template is a change.
const Checksum = "checksum"

// marker inputs say nothing: `compat` is always "true".
var marker = map[string]bool{"compat": true, Checksum: true}

// unsupported inputs exist in the SDK and would silently do something else here.
var unsupported = map[string]string{
	"disableCRDHooks": "Helm 3 has no such hooks",
	"lint":            "linting belongs before the deployment (helm lint)",
	"manifest":        "it is an output",
	"resourceNames":   "it is an output",
}

// Problem is one thing wrong with one input.
type Problem struct{ Property, Reason string }

// Parse reads a Release's inputs. Unknown inputs are left out, and known tells that nothing was.
func Parse(inputs resource.PropertyMap) (args Args, known bool, problems []Problem) {
	plain, known := values.Object(inputs)
	fields := map[string]any{}
	supported := supportedInputs()
	for name, value := range plain {
		switch reason, refused := unsupported[name]; {
		case name == "values" || name == "valueYamlFiles" || marker[name]:
		case refused && value == false:
		case refused:
			problems = append(problems, Problem{name, fmt.Sprintf("%s is not supported by the plugin built from source: %s", name, reason)})
		case !supported[name]:
			problems = append(problems, Problem{name, name + " is not an input of a Helm release"})
		default:
			fields[name] = value
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Property < problems[j].Property })
	if err := remarshal(fields, &args); err != nil {
		problems = append(problems, Problem{"", err.Error()})
	}
	merged, err := mergeValues(inputs, args.AllowNullValues)
	if err != nil {
		problems = append(problems, Problem{"values", err.Error()})
	}
	args.Values = merged
	return args, known, problems
}

func supportedInputs() map[string]bool {
	var fields map[string]any
	_ = remarshal(Args{}, &fields)
	supported := make(map[string]bool, len(fields))
	for name := range fields {
		supported[name] = true
	}
	return supported
}

func remarshal(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// mergeValues puts values on top of the files; later files win over earlier ones.
func mergeValues(inputs resource.PropertyMap, nulls bool) (map[string]any, error) {
	merged := map[string]any{}
	files, _ := values.Plain(inputs["valueYamlFiles"], values.DropNulls)
	list, _ := files.([]any)
	for i, file := range list {
		content, ok := file.(*asset.Asset)
		if !ok {
			return nil, fmt.Errorf("valueYamlFiles[%d] is not a file, a string or a remote asset", i)
		}
		data, err := content.Bytes()
		if err != nil {
			return nil, fmt.Errorf("valueYamlFiles[%d]: %w", i, err)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal(data, &parsed); err != nil {
			return nil, fmt.Errorf("valueYamlFiles[%d]: %w", i, err)
		}
		merged = merge(merged, parsed)
	}
	plain, _ := values.Plain(inputs["values"], values.Nulls(nulls))
	if plain == nil {
		return merged, nil
	}
	given, ok := plain.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("values must be an object")
	}
	return merge(merged, given), nil
}

func merge(base, over map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(over))
	for key, value := range base {
		merged[key] = value
	}
	for key, value := range over {
		upper, isObject := value.(map[string]any)
		if lower, ok := merged[key].(map[string]any); ok && isObject {
			value = merge(lower, upper)
		}
		merged[key] = value
	}
	return merged
}

// timeout is Helm's own default where none is given.
func (args Args) timeout() time.Duration {
	if args.Timeout > 0 {
		return time.Duration(args.Timeout) * time.Second
	}
	return 5 * time.Minute
}
