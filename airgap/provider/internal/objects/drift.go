package objects

import (
	"encoding/base64"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mesh.local/airgap/provider/internal/values"
)

// Covers tells that a live object says exactly what the inputs say, apart from fields that the inputs do not mention.
func Covers(inputs resource.PropertyMap, live map[string]any) bool {
	plain, known := values.Object(inputs)
	return known && covers(plain, live)
}

func covers(input, live any) bool {
	switch input := input.(type) {
	case map[string]any:
		object, ok := live.(map[string]any)
		if !ok {
			return len(input) == 0 && live == nil
		}
		for key, value := range input {
			if !covers(value, object[key]) {
				return false
			}
		}
		return true
	case []any:
		list, ok := live.([]any)
		if !ok || len(list) != len(input) {
			return len(input) == 0 && live == nil
		}
		for i := range input {
			if !covers(input[i], list[i]) {
				return false
			}
		}
		return true
	default:
		return same(input, live)
	}
}

// Drift rewrites inputs to what the live object says, wherever that differs from desired: what the API server would make of the inputs if they
// were applied again. So neither the server's own spelling and defaults nor other managers' fields count as drift.
func Drift(inputs resource.PropertyMap, desired, live map[string]any) resource.PropertyMap {
	drifted := make(resource.PropertyMap, len(inputs))
	for key, input := range inputs {
		if value, keep := drift(input, desired[string(key)], live[string(key)]); keep {
			drifted[key] = value
		}
	}
	return drifted
}

func drift(input resource.PropertyValue, desired, live any) (resource.PropertyValue, bool) {
	switch {
	case reflect.DeepEqual(desired, live):
		return input, true
	case live == nil:
		return resource.PropertyValue{}, false
	case input.IsSecret():
		value, keep := drift(input.SecretValue().Element, desired, live)
		return resource.MakeSecret(value), keep
	}
	wanted, isObject := desired.(map[string]any)
	object, ok := live.(map[string]any)
	if input.IsObject() && isObject && ok {
		return resource.NewObjectProperty(Drift(input.ObjectValue(), wanted, object)), true
	}
	elements, isList := desired.([]any)
	list, ok := live.([]any)
	if input.IsArray() && isList && ok {
		return driftList(input.ArrayValue(), elements, list), true
	}
	return resource.NewPropertyValue(live), true
}

// driftList pairs elements by name where they have one, else by position.
func driftList(input []resource.PropertyValue, desired, live []any) resource.PropertyValue {
	var drifted []resource.PropertyValue
	for i, element := range input {
		plain, _ := values.Plain(element, values.DropNulls)
		name := nameOf(plain)
		if value, keep := drift(element, pick(desired, name, i), pick(live, name, i)); keep {
			drifted = append(drifted, value)
		}
	}
	// What is there but would not be there after applying the inputs was added by somebody else.
	for i, element := range live {
		if pick(desired, nameOf(element), i) == nil {
			drifted = append(drifted, resource.NewPropertyValue(element))
		}
	}
	return resource.NewArrayProperty(drifted)
}

func nameOf(element any) string {
	if object, ok := element.(map[string]any); ok {
		name, _ := object["name"].(string)
		return name
	}
	return ""
}

func pick(list []any, name string, i int) any {
	if name != "" {
		for _, element := range list {
			if nameOf(element) == name {
				return element
			}
		}
		return nil
	}
	if i < len(list) {
		return list[i]
	}
	return nil
}

func same(a, b any) bool {
	if left, ok := float(a); ok {
		right, ok := float(b)
		return ok && left == right
	}
	return reflect.DeepEqual(a, b)
}

func float(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	default:
		return 0, false
	}
}

// serverOwned are metadata that only the API server writes.
var serverOwned = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"}

// LastApplied is where kubectl keeps a copy of what it applied: for a Secret, with its contents.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Imported makes inputs out of a live object that Pulumi did not create.
func Imported(live *unstructured.Unstructured) resource.PropertyMap {
	object := live.DeepCopy()
	for _, field := range serverOwned {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(object.Object, "metadata", "annotations", LastApplied)
	if len(object.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
	delete(object.Object, "status")
	return hideContents(live, values.Properties(object.Object))
}

// Outputs is the state kept of a live object: all of it except bookkeeping, with secrets wherever the inputs have them.
func Outputs(live *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	object := live.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "metadata", "managedFields")
	unstructured.RemoveNestedField(object.Object, "metadata", "annotations", LastApplied)
	return hideContents(live, values.Conceal(values.Properties(object.Object), inputs))
}

// hideContents marks the contents of a Secret secret.
func hideContents(object *unstructured.Unstructured, properties resource.PropertyMap) resource.PropertyMap {
	if object.GetKind() == "Secret" && object.GetAPIVersion() == "v1" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := properties[key]; ok {
				properties[key] = values.Secret(value)
			}
		}
	}
	return properties
}

// EncodeStrings moves a Secret's stringData into data, as the API server would: applied as stringData, an entry taken out of the
// program would stay in the object.
func EncodeStrings(object map[string]any) {
	text, ok := object["stringData"].(map[string]any)
	if !ok || object["kind"] != "Secret" {
		return
	}
	data, _ := object["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	for key, value := range text {
		if value, ok := value.(string); ok {
			data[key] = base64.StdEncoding.EncodeToString([]byte(value))
		}
	}
	object["data"] = data
	delete(object, "stringData")
}

// DecodeStrings adds to a Secret read from the API server the stringData it could have been written with.
func DecodeStrings(object map[string]any) map[string]any {
	data, ok := object["data"].(map[string]any)
	if !ok || object["kind"] != "Secret" {
		return object
	}
	text := make(map[string]any, len(data))
	for key, value := range data {
		encoded, _ := value.(string)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			text[key] = string(decoded)
		}
	}
	copied := make(map[string]any, len(object)+1)
	for key, value := range object {
		copied[key] = value
	}
	copied["stringData"] = text
	return copied
}
