package random_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/protobuf/types/known/structpb"

	"mesh.local/airgap/provider/internal/host"
	"mesh.local/airgap/provider/internal/random"
)

type object = map[string]any

var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

type session struct {
	*testing.T
	server pulumirpc.ResourceProviderServer
	urn    string
}

func open(t *testing.T, kind string) session {
	t.Helper()
	server := host.NewServer(random.New("4.21.2"))
	_, err := server.Configure(context.Background(), &pulumirpc.ConfigureRequest{AcceptSecrets: true})
	session := session{t, server, "urn:pulumi:t::t::random:index/" + strings.ToLower(kind[:1]) + kind[1:] + ":" + kind + "::x"}
	session.must(err)
	return session
}

func (session session) must(err error) {
	session.Helper()
	if err != nil {
		session.Fatal(err)
	}
}

func (session session) marshal(inputs resource.PropertyMap) *structpb.Struct {
	result, err := plugin.MarshalProperties(inputs, options)
	session.must(err)
	return result
}

func (session session) unmarshal(outputs *structpb.Struct) resource.PropertyMap {
	result, err := plugin.UnmarshalProperties(outputs, options)
	session.must(err)
	return result
}

func (session session) check(program object) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	response, err := session.server.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: session.urn, News: session.marshal(resource.NewPropertyMapFromMap(program)),
	})
	session.must(err)
	return session.unmarshal(response.Inputs), response.Failures
}

func (session session) create(program object, preview bool) (string, resource.PropertyMap) {
	session.Helper()
	inputs, failures := session.check(program)
	if len(failures) > 0 {
		session.Fatal(failures)
	}
	response, err := session.server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: session.urn, Properties: session.marshal(inputs), Preview: preview,
	})
	session.must(err)
	return response.Id, session.unmarshal(response.Properties)
}

func reveal(value resource.PropertyValue) string {
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value.StringValue()
}

func TestPassword(t *testing.T) {
	session := open(t, "RandomPassword")
	seen := map[string]bool{}
	for range 5 {
		id, outputs := session.create(object{"length": 90, "minNumeric": 30, "minUpper": 30, "overrideSpecial": "_"}, false)
		password := reveal(outputs["result"])
		if !outputs["result"].IsSecret() || !outputs["bcryptHash"].IsSecret() || id != "none" {
			t.Errorf("in the clear: %s %v", id, outputs)
		}
		if len(password) != 90 || seen[password] || regexp.MustCompile(`[^a-zA-Z0-9_]`).MatchString(password) {
			t.Errorf("password %q", password)
		}
		seen[password] = true
		if digits := len(regexp.MustCompile(`[0-9]`).FindAllString(password, -1)); digits < 30 {
			t.Errorf("%d digits in %q", digits, password)
		}
		session.must(bcrypt.CompareHashAndPassword([]byte(reveal(outputs["bcryptHash"])), []byte(password)[:72]))
	}
	_, outputs := session.create(object{"length": 40, "special": false, "upper": false, "number": false}, false)
	if password := reveal(outputs["result"]); !regexp.MustCompile(`^[a-z]{40}$`).MatchString(password) {
		t.Errorf("password %q", password)
	}
	_, preview := session.create(object{"length": 8}, true)
	if !preview["result"].IsSecret() || !preview["result"].SecretValue().Element.IsComputed() {
		t.Errorf("a preview knows %v", preview["result"])
	}
}

func TestRefusals(t *testing.T) {
	for wanted, program := range map[string]object{
		"length is missing":    {},
		"length is 0":          {"length": 0},
		"length is 1.5":        {"length": 1.5},
		"minimums add up to 9": {"length": 8, "minLower": 9},
		"switched off":         {"length": 8, "lower": false, "upper": false, "numeric": false, "special": false},
		"group of characters that is switched off": {"length": 8, "lower": false, "minLower": 1},
		"len is not an input":                      {"length": 8, "len": 8},
	} {
		_, failures := open(t, "RandomPassword").check(program)
		if len(failures) == 0 || !strings.Contains(failures[0].Reason, wanted) {
			t.Errorf("%s: %v", wanted, failures)
		}
	}
	_, err := open(t, "RandomShuffle").server.Check(context.Background(), &pulumirpc.CheckRequest{Urn: open(t, "RandomShuffle").urn})
	if err == nil || !strings.Contains(err.Error(), "published plugin") {
		t.Errorf("%v", err)
	}
}

func TestString(t *testing.T) {
	id, outputs := open(t, "RandomString").create(object{"length": 16, "special": false}, false)
	if text := reveal(outputs["result"]); id != text || outputs["result"].IsSecret() || !regexp.MustCompile(`^[a-zA-Z0-9]{16}$`).MatchString(text) {
		t.Errorf("%s %v", id, outputs)
	}
}

func TestBytes(t *testing.T) {
	id, outputs := open(t, "RandomBytes").create(object{"length": 32}, false)
	fromBase64, err := base64.StdEncoding.DecodeString(reveal(outputs["base64"]))
	if err != nil || len(fromBase64) != 32 || hex.EncodeToString(fromBase64) != reveal(outputs["hex"]) || !outputs["hex"].IsSecret() || id != "none" {
		t.Errorf("%s %v", id, outputs)
	}
}

func TestID(t *testing.T) {
	id, outputs := open(t, "RandomId").create(object{"byteLength": 4, "prefix": "p-"}, false)
	content, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || outputs["hex"].V != "p-"+hex.EncodeToString(content) || outputs["b64Url"].V != "p-"+id || !strings.HasPrefix(reveal(outputs["dec"]), "p-") {
		t.Errorf("%s %v", id, outputs)
	}
}

func TestPet(t *testing.T) {
	session := open(t, "RandomPet")
	for pattern, program := range map[string]object{
		`^[a-z]+-[a-z]+$`:           {},
		`^my\.([a-z]+\.){2}[a-z]+$`: {"prefix": "my", "length": 3, "separator": "."},
	} {
		if id, _ := session.create(program, false); !regexp.MustCompile(pattern).MatchString(id) {
			t.Errorf("%s does not match %s", id, pattern)
		}
	}
}

func TestReplacedOnAnyChangeAndKeptOtherwise(t *testing.T) {
	session := open(t, "RandomPassword")
	program := object{"length": 8, "keepers": object{"version": "1"}}
	inputs, _ := session.check(program)
	_, outputs := session.create(program, false)
	diff := func(program object) *pulumirpc.DiffResponse {
		news, _ := session.check(program)
		response, err := session.server.Diff(context.Background(), &pulumirpc.DiffRequest{
			Urn: session.urn, OldInputs: session.marshal(inputs), Olds: session.marshal(outputs), News: session.marshal(news),
		})
		session.must(err)
		return response
	}
	// Spelling a default out is no change.
	if same := diff(object{"length": 8, "special": true, "keepers": object{"version": "1"}}); same.Changes != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("%v", same)
	}
	if changed := diff(object{"length": 8, "keepers": object{"version": "2"}}); len(changed.Replaces) != 1 || changed.Replaces[0] != "keepers.version" {
		t.Errorf("%v", changed)
	}
	read, err := session.server.Read(context.Background(), &pulumirpc.ReadRequest{
		Urn: session.urn, Id: "none", Inputs: session.marshal(inputs), Properties: session.marshal(outputs),
	})
	session.must(err)
	if !session.unmarshal(read.Properties).DeepEquals(outputs) {
		t.Errorf("%v", read.Properties)
	}
}

func TestImport(t *testing.T) {
	session := open(t, "RandomPassword")
	read, err := session.server.Read(context.Background(), &pulumirpc.ReadRequest{Urn: session.urn, Id: "hunter2"})
	session.must(err)
	outputs := session.unmarshal(read.Properties)
	if read.Id != "none" || reveal(outputs["result"]) != "hunter2" || session.unmarshal(read.Inputs)["length"].V != 7.0 {
		t.Errorf("%s %v", read.Id, outputs)
	}
	pet := open(t, "RandomPet")
	if _, err := pet.server.Read(context.Background(), &pulumirpc.ReadRequest{Urn: pet.urn, Id: "a-b"}); err == nil {
		t.Error("a pet was imported")
	}
}
