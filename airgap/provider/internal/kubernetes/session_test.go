package kubernetes_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mesh.local/airgap/provider/internal/apitest"
	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/kubernetes"
)

// server is the control plane that all tests share.
var server *apitest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = apitest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The tests wait more than they work.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

type object = map[string]any

// session is a provider as the engine sees it: through gRPC.
type session struct {
	t      *testing.T
	client pulumirpc.ResourceProviderClient
	log    *recorder
}

type recorder struct {
	mu                 sync.Mutex
	warnings, progress []string
}

func (log *recorder) Warn(_ resource.URN, message string) {
	log.mu.Lock()
	defer log.mu.Unlock()
	log.warnings = append(log.warnings, message)
}

func (log *recorder) Progress(_ resource.URN, message string) {
	log.mu.Lock()
	defer log.mu.Unlock()
	log.progress = append(log.progress, message)
}

func (log *recorder) all() string {
	log.mu.Lock()
	defer log.mu.Unlock()
	return strings.Join(append(append([]string{}, log.warnings...), log.progress...), "\n")
}

// connect configures a provider for the tests' control plane.
func connect(t *testing.T) *session {
	return configure(t, object{"kubeconfig": server.Kubeconfig(), "enableServerSideApply": "true"})
}

func configure(t *testing.T, settings object) *session {
	t.Helper()
	log := &recorder{}
	listener := bufconn.Listen(1 << 20)
	grpcServer := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(grpcServer, host.NewServer(kubernetes.New("4.34.2", log)))
	go func() { _ = grpcServer.Serve(listener) }()
	connection, err := grpc.NewClient("passthrough:///provider", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	must(t, err)
	t.Cleanup(func() { _ = connection.Close(); grpcServer.Stop() })
	session := &session{t: t, client: pulumirpc.NewResourceProviderClient(connection), log: log}
	_, err = session.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{
		Args: session.marshal(resource.NewPropertyMapFromMap(settings)), AcceptSecrets: true,
	})
	must(t, err)
	return session
}

func (session *session) marshal(properties resource.PropertyMap) *structpb.Struct {
	session.t.Helper()
	result, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	must(session.t, err)
	return result
}

func (session *session) unmarshal(properties *structpb.Struct) resource.PropertyMap {
	session.t.Helper()
	result, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	must(session.t, err)
	return result
}

// res is one resource of a program.
type res struct {
	session *session
	token   string
	name    string
	id      string
	inputs  resource.PropertyMap
	outputs resource.PropertyMap
	seconds float64
}

func (session *session) resource(token, name string) *res {
	return &res{session: session, token: token, name: name, seconds: 20}
}

func (res *res) urn() string { return "urn:pulumi:test::test::" + res.token + "::" + res.name }

func (res *res) check(news resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure, error) {
	response, err := res.session.client.Check(res.session.t.Context(), &pulumirpc.CheckRequest{
		Urn: res.urn(), Olds: res.session.marshal(res.inputs), News: res.session.marshal(news), RandomSeed: []byte(rand.Text()),
	})
	if err != nil {
		return nil, nil, err
	}
	return res.session.unmarshal(response.Inputs), response.Failures, nil
}

func (res *res) mustCheck(program any) resource.PropertyMap {
	res.session.t.Helper()
	inputs, failures, err := res.check(properties(program))
	must(res.session.t, err)
	if len(failures) > 0 {
		res.session.t.Fatalf("check of %s: %v", res.name, failures)
	}
	return inputs
}

func properties(program any) resource.PropertyMap {
	if program, ok := program.(resource.PropertyMap); ok {
		return program
	}
	return resource.NewPropertyMapFromMap(program.(object))
}

func (res *res) diff(inputs resource.PropertyMap, ignore ...string) *pulumirpc.DiffResponse {
	res.session.t.Helper()
	response, err := res.askDiff(inputs, ignore)
	must(res.session.t, err)
	return response
}

// tryDiff is the error with which a change is refused.
func (res *res) tryDiff(inputs resource.PropertyMap, ignore ...string) error {
	res.session.t.Helper()
	_, err := res.askDiff(inputs, ignore)
	return err
}

func (res *res) askDiff(inputs resource.PropertyMap, ignore []string) (*pulumirpc.DiffResponse, error) {
	res.session.t.Helper()
	return res.session.client.Diff(res.session.t.Context(), &pulumirpc.DiffRequest{
		Urn: res.urn(), Id: res.id, OldInputs: res.session.marshal(res.inputs), Olds: res.session.marshal(res.outputs),
		News: res.session.marshal(inputs), IgnoreChanges: ignore,
	})
}

// create checks and creates; an object that exists but is not ready is kept, as the engine would.
func (res *res) create(program any) error {
	res.session.t.Helper()
	return res.createChecked(res.mustCheck(program))
}

func (res *res) createChecked(inputs resource.PropertyMap) error {
	res.session.t.Helper()
	response, err := res.session.client.Create(res.session.t.Context(), &pulumirpc.CreateRequest{
		Urn: res.urn(), Properties: res.session.marshal(inputs), Timeout: res.seconds,
	})
	if err != nil {
		res.keep(err, inputs)
		return err
	}
	res.id, res.inputs, res.outputs = response.Id, inputs, res.session.unmarshal(response.Properties)
	return nil
}

func (res *res) keep(err error, inputs resource.PropertyMap) {
	if details := initFailed(err); details != nil {
		res.inputs, res.outputs = inputs, res.session.unmarshal(details.Properties)
		if details.Id != "" {
			res.id = details.Id
		}
	}
}

func initFailed(err error) *pulumirpc.ErrorResourceInitFailed {
	if rpc, ok := rpcerror.FromError(err); ok {
		for _, detail := range rpc.Details() {
			if details, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
				return details
			}
		}
	}
	return nil
}

func (res *res) mustCreate(program any) *res {
	res.session.t.Helper()
	must(res.session.t, res.create(program))
	return res
}

func (res *res) update(program any, ignore ...string) error {
	res.session.t.Helper()
	inputs := res.mustCheck(program)
	response, err := res.session.client.Update(res.session.t.Context(), &pulumirpc.UpdateRequest{
		Urn: res.urn(), Id: res.id, OldInputs: res.session.marshal(res.inputs), Olds: res.session.marshal(res.outputs),
		News: res.session.marshal(inputs), Timeout: res.seconds, IgnoreChanges: ignore,
	})
	if err != nil {
		res.keep(err, inputs)
		return err
	}
	res.inputs, res.outputs = inputs, res.session.unmarshal(response.Properties)
	return nil
}

func (res *res) preview(program any) (resource.PropertyMap, error) {
	res.session.t.Helper()
	inputs := res.mustCheck(program)
	if res.id == "" {
		response, err := res.session.client.Create(res.session.t.Context(), &pulumirpc.CreateRequest{
			Urn: res.urn(), Properties: res.session.marshal(inputs), Preview: true,
		})
		return res.session.unmarshal(response.GetProperties()), err
	}
	response, err := res.session.client.Update(res.session.t.Context(), &pulumirpc.UpdateRequest{
		Urn: res.urn(), Id: res.id, OldInputs: res.session.marshal(res.inputs), Olds: res.session.marshal(res.outputs),
		News: res.session.marshal(inputs), Preview: true,
	})
	return res.session.unmarshal(response.GetProperties()), err
}

func (res *res) read() (id string, inputs, outputs resource.PropertyMap, err error) {
	response, err := res.session.client.Read(res.session.t.Context(), &pulumirpc.ReadRequest{
		Urn: res.urn(), Id: res.id, Inputs: res.session.marshal(res.inputs), Properties: res.session.marshal(res.outputs),
	})
	if details := initFailed(err); details != nil {
		return details.Id, res.session.unmarshal(details.Inputs), res.session.unmarshal(details.Properties), err
	}
	if err != nil {
		return "", nil, nil, err
	}
	return response.Id, res.session.unmarshal(response.Inputs), res.session.unmarshal(response.Properties), nil
}

// mustNotDrift reads and expects the inputs back.
func (res *res) mustNotDrift() {
	res.session.t.Helper()
	_, inputs, _, err := res.read()
	if initFailed(err) == nil {
		must(res.session.t, err)
	}
	if !inputs.DeepEquals(res.inputs) {
		res.session.t.Fatalf("drift where there is none:\n%v\n%v", inputs, res.inputs)
	}
}

func (res *res) delete() error {
	_, err := res.session.client.Delete(res.session.t.Context(), &pulumirpc.DeleteRequest{
		Urn: res.urn(), Id: res.id, OldInputs: res.session.marshal(res.inputs), Properties: res.session.marshal(res.outputs), Timeout: res.seconds,
	})
	return err
}

// namespace makes a namespace of the test's own.
func namespace(t *testing.T) string {
	t.Helper()
	made, err := server.Typed.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}}, metav1.CreateOptions{})
	must(t, err)
	return made.Name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

func fails(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("succeeded, and should have failed with %q", parts)
	}
	contains(t, err.Error(), parts...)
}

// inTheClear is everything in properties that is not secret.
func inTheClear(t *testing.T, properties resource.PropertyMap) string {
	t.Helper()
	text, err := json.Marshal(properties.MapRepl(nil, func(value resource.PropertyValue) (any, bool) { return "[secret]", value.IsSecret() }))
	must(t, err)
	return string(text)
}

// at follows a path into properties.
func at(t *testing.T, properties resource.PropertyMap, path string) resource.PropertyValue {
	t.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	must(t, err)
	value, _ := parsed.Get(resource.NewObjectProperty(properties))
	return value
}

func configMap(namespace, name string, data object) object {
	return object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"namespace": namespace, "name": name}, "data": data}
}

func deployment(namespace, image string, replicas int) object {
	labels := object{"app": "web"}
	return object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"namespace": namespace, "name": "web", "labels": object{"app": "web"}},
		"spec": object{
			"replicas": replicas, "selector": object{"matchLabels": labels},
			"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{object{
				"name": "web", "image": image, "ports": []any{object{"containerPort": 80}},
				"resources": object{"requests": object{"cpu": "1000m", "memory": "1024Mi"}},
				"env":       []any{object{"name": "A", "value": "1"}, object{"name": "B", "value": "2"}},
			}}}},
		},
	}
}

const (
	configMapToken  = "kubernetes:core/v1:ConfigMap"
	secretToken     = "kubernetes:core/v1:Secret"
	serviceToken    = "kubernetes:core/v1:Service"
	namespaceToken  = "kubernetes:core/v1:Namespace"
	deploymentToken = "kubernetes:apps/v1:Deployment"
	releaseToken    = "kubernetes:helm.sh/v3:Release"
)
