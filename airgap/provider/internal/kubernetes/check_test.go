package kubernetes_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

func TestCheckMakesUpNamesThatStay(t *testing.T) {
	t.Parallel()
	conf := connect(t).resource(configMapToken, "conf")
	first := conf.mustCheck(object{"apiVersion": "v1", "kind": "ConfigMap"})
	name := at(t, first, "metadata.name").StringValue()
	if !regexp.MustCompile(`^conf-[0-9a-f]{8}$`).MatchString(name) {
		t.Errorf("made-up name %q", name)
	}
	if marked := at(t, first, `metadata.annotations["pulumi.com/autonamed"]`); marked.V != "true" {
		t.Errorf("the name is not marked as made up: %v", first)
	}
	if namespace := at(t, first, "metadata.namespace"); namespace.V != "default" {
		t.Errorf("namespace %v", namespace)
	}
	conf.inputs = first
	second := conf.mustCheck(object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"labels": object{"a": "b"}}})
	if at(t, second, "metadata.name").V != name || at(t, second, "metadata.labels.a").V != "b" {
		t.Errorf("the name changed: %v", second)
	}
}

func TestCheckKeepsGivenNames(t *testing.T) {
	t.Parallel()
	session := connect(t)
	given := session.resource(configMapToken, "a").mustCheck(configMap("shop", "mine", nil))
	if at(t, given, "metadata.name").V != "mine" || at(t, given, "metadata.namespace").V != "shop" || at(t, given, "metadata.annotations").V != nil {
		t.Errorf("changed: %v", given)
	}
	generated := session.resource(configMapToken, "b").mustCheck(object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"generateName": "g-"}})
	if at(t, generated, "metadata.name").V != nil {
		t.Errorf("named in spite of generateName: %v", generated)
	}
	clusterWide := session.resource(namespaceToken, "ns").mustCheck(object{"apiVersion": "v1", "kind": "Namespace"})
	if at(t, clusterWide, "metadata.namespace").V != nil {
		t.Errorf("a Namespace was put into a namespace: %v", clusterWide)
	}
	unknown := session.resource(configMapToken, "c").mustCheck(resource.PropertyMap{
		"apiVersion": resource.NewStringProperty("v1"), "kind": resource.NewStringProperty("ConfigMap"),
		"metadata": resource.NewObjectProperty(resource.PropertyMap{"name": resource.MakeComputed(resource.NewStringProperty(""))}),
	})
	if !at(t, unknown, "metadata.name").IsComputed() {
		t.Errorf("a name that is not known yet was replaced: %v", unknown)
	}
}

func TestCheckFollowsTheStacksNaming(t *testing.T) {
	t.Parallel()
	session := connect(t)
	check := func(mode pulumirpc.CheckRequest_AutonamingOptions_Mode) *pulumirpc.CheckResponse {
		conf := session.resource(configMapToken, "conf")
		response, err := session.client.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: conf.urn(), News: session.marshal(properties(object{"apiVersion": "v1", "kind": "ConfigMap"})),
			Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "proposed", Mode: mode},
		})
		must(t, err)
		return response
	}
	enforced := check(pulumirpc.CheckRequest_AutonamingOptions_ENFORCE)
	if name := at(t, session.unmarshal(enforced.Inputs), "metadata.name"); name.V != "proposed" {
		t.Errorf("name %v", name)
	}
	if disabled := check(pulumirpc.CheckRequest_AutonamingOptions_DISABLE); len(disabled.Failures) != 1 {
		t.Errorf("no name, and no refusal: %v", disabled)
	}
}

func TestCheckRequiresTheIdentity(t *testing.T) {
	t.Parallel()
	session := connect(t)
	for wanted, program := range map[string]object{
		"apiVersion is missing": {"kind": "ConfigMap"},
		"kind is missing":       {"apiVersion": "v1"},
		"kind is Secret":        {"apiVersion": "v1", "kind": "Secret"},
		"apiVersion is v2":      {"apiVersion": "v2", "kind": "ConfigMap"},
	} {
		_, failures, err := session.resource(configMapToken, "c").check(properties(program))
		must(t, err)
		if len(failures) != 1 || !strings.Contains(failures[0].Reason, wanted) {
			t.Errorf("%s: %v", wanted, failures)
		}
	}
}

func TestRefusesWhatOnlyThePublishedPluginDoes(t *testing.T) {
	t.Parallel()
	session := connect(t)
	for _, token := range []string{"kubernetes:apps/v1:DeploymentPatch", "kubernetes:yaml/v2:ConfigGroup", "kubernetes:helm.sh/v4:Chart", "kubernetes:helm.sh/v3:Chart"} {
		_, _, err := session.resource(token, "x").check(properties(object{"apiVersion": "apps/v1", "kind": "Deployment"}))
		fails(t, err, token, "published plugin")
	}
	_, _, err := session.resource("kubernetes:core/v1:ConfigMapList", "x").check(properties(object{"apiVersion": "v1", "kind": "ConfigMapList", "items": []any{}}))
	fails(t, err, "ConfigMapList", "published plugin")
	_, err = session.client.Construct(t.Context(), &pulumirpc.ConstructRequest{Type: "kubernetes:yaml/v2:ConfigFile", Name: "x"})
	fails(t, err, "kubernetes:yaml/v2:ConfigFile", "published plugin")
	_, err = session.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "kubernetes:helm:template"})
	fails(t, err, "kubernetes:helm:template", "published plugin")
}

func TestIntroducesItself(t *testing.T) {
	t.Parallel()
	session := connect(t)
	info, err := session.client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	must(t, err)
	if info.Version != "4.34.2" {
		t.Errorf("version %s", info.Version)
	}
	schema, err := session.client.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	must(t, err)
	contains(t, schema.Schema, `"name":"kubernetes"`)
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	session := connect(t)
	check := func(inputs object) []*pulumirpc.CheckFailure {
		response, err := session.client.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
			Urn: "urn:pulumi:test::test::pulumi:providers:kubernetes::p", News: session.marshal(properties(inputs)),
		})
		must(t, err)
		return response.Failures
	}
	if failures := check(object{
		"kubeconfig": "x", "enableServerSideApply": "true", "deleteUnreachable": "false", "kubeClientSettings": `{"qps":5,"burst":10}`,
		"helmReleaseSettings": `{"driver":"secret"}`, "alwaysRender": "false", "version": "4.34.2",
	}); len(failures) > 0 {
		t.Errorf("refused: %v", failures)
	}
	for name, inputs := range map[string]object{
		"renderYamlToDirectory": {"renderYamlToDirectory": "out"},
		"kubeconfg":             {"kubeconfg": "typo"},
		"deleteUnreachable":     {"deleteUnreachable": "perhaps"},
		"namespace":             {"namespace": 3},
	} {
		if failures := check(inputs); len(failures) != 1 || failures[0].Property != name {
			t.Errorf("%s: %v", name, failures)
		}
	}
}

func TestDiffConfig(t *testing.T) {
	t.Parallel()
	session := connect(t)
	kubeconfig := func(port string) string {
		return strings.ReplaceAll(strings.ReplaceAll(server.Kubeconfig(), "127.0.0.1:", "127.0.0.1:1"), ":1", ":"+port)
	}
	one, other := server.Kubeconfig(), kubeconfig("1")
	for _, test := range []struct {
		name           string
		olds, news     object
		changes, moves bool
	}{
		{"nothing", object{"kubeconfig": one}, object{"kubeconfig": one}, false, false},
		{"same identifier", object{"kubeconfig": one, "clusterIdentifier": "a"}, object{"kubeconfig": other, "clusterIdentifier": "a"}, true, false},
		{"other identifier", object{"kubeconfig": one, "clusterIdentifier": "a"}, object{"kubeconfig": one, "clusterIdentifier": "b"}, true, true},
		{"same server", object{"kubeconfig": one}, object{"kubeconfig": strings.Replace(one, "admin", "root", 2)}, true, false},
		{"other server", object{"kubeconfig": one}, object{"kubeconfig": other}, true, true},
		{"namespace", object{"kubeconfig": one}, object{"kubeconfig": one, "namespace": "x"}, true, false},
	} {
		response, err := session.client.DiffConfig(t.Context(), &pulumirpc.DiffRequest{
			Urn: "urn:pulumi:test::test::pulumi:providers:kubernetes::p", OldInputs: session.marshal(properties(test.olds)), News: session.marshal(properties(test.news)),
		})
		must(t, err)
		if (response.Changes == pulumirpc.DiffResponse_DIFF_SOME) != test.changes || (len(response.Replaces) > 0) != test.moves {
			t.Errorf("%s: %v", test.name, response)
		}
	}
}
