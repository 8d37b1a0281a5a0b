// Package values converts between Pulumi's property values and plain JSON-like values, and keeps secrets secret on the way back.
package values

import (
	"math"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Nulls says what becomes of explicit nulls in objects.
type Nulls bool

const (
	DropNulls Nulls = false
	KeepNulls Nulls = true
)

// Plain turns a property value into strings, numbers, booleans, maps and slices. Secrets are unwrapped. Unknown values are left out,
// and known tells that nothing was.
func Plain(value resource.PropertyValue, nulls Nulls) (plain any, known bool) {
	switch {
	case value.IsSecret():
		return Plain(value.SecretValue().Element, nulls)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return nil, false
		}
		return Plain(value.OutputValue().Element, nulls)
	case value.IsComputed():
		return nil, false
	case value.IsObject():
		return object(value.ObjectValue(), nulls)
	case value.IsArray():
		return array(value.ArrayValue(), nulls)
	case value.IsNumber():
		return number(value.NumberValue()), true
	case value.IsBool():
		return value.BoolValue(), true
	case value.IsString():
		return value.StringValue(), true
	case value.IsAsset():
		return value.AssetValue(), true
	case value.IsArchive():
		return value.ArchiveValue(), true
	default:
		return nil, true
	}
}

// Object is Plain for a whole property map.
func Object(properties resource.PropertyMap) (plain map[string]any, known bool) {
	return object(properties, DropNulls)
}

func object(properties resource.PropertyMap, nulls Nulls) (map[string]any, bool) {
	plain, known := make(map[string]any, len(properties)), true
	for key, value := range properties {
		element, ok := Plain(value, nulls)
		known = known && ok
		if !ok || element == nil && nulls == DropNulls {
			continue
		}
		plain[string(key)] = element
	}
	return plain, known
}

func array(elements []resource.PropertyValue, nulls Nulls) ([]any, bool) {
	plain, known := make([]any, 0, len(elements)), true
	for _, value := range elements {
		element, ok := Plain(value, nulls)
		known = known && ok
		plain = append(plain, element)
	}
	return plain, known
}

// number keeps integers integral: Kubernetes' typed fields refuse 3.0.
func number(value float64) any {
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return int64(value)
	}
	return value
}

// Properties turns a plain object into a property map.
func Properties(plain map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(plain)
}

// Reveal unwraps secrets and known outputs at every depth and drops nulls; unknown values become computed ones.
func Reveal(properties resource.PropertyMap) resource.PropertyMap {
	revealed := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if value = RevealValue(value); !value.IsNull() {
			revealed[key] = value
		}
	}
	return revealed
}

// RevealValue is Reveal for one value.
func RevealValue(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return RevealValue(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return Unknown()
		}
		return RevealValue(value.OutputValue().Element)
	case value.IsObject():
		return resource.NewObjectProperty(Reveal(value.ObjectValue()))
	case value.IsArray():
		elements := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			elements = append(elements, RevealValue(element))
		}
		return resource.NewArrayProperty(elements)
	default:
		return value
	}
}

// Unknown is a value that is only known after the deployment.
func Unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// IsSecret tells whether a value is marked secret itself.
func IsSecret(value resource.PropertyValue) bool {
	return value.IsSecret() || value.IsOutput() && value.OutputValue().Secret
}

// ContainsSecret tells whether a value, or anything in it, is secret.
func ContainsSecret(value resource.PropertyValue) bool {
	return IsSecret(value) || value.ContainsSecrets()
}

// Conceal marks as secret, in properties, whatever is secret at the same place in like.
func Conceal(properties, like resource.PropertyMap) resource.PropertyMap {
	concealed := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if model, ok := like[key]; ok {
			value = ConcealValue(value, model)
		}
		concealed[key] = value
	}
	return concealed
}

// ConcealValue is Conceal for one value.
func ConcealValue(value, like resource.PropertyValue) resource.PropertyValue {
	switch {
	case IsSecret(like):
		return Secret(value)
	case like.IsOutput():
		return ConcealValue(value, like.OutputValue().Element)
	case IsSecret(value) || !like.ContainsSecrets():
		return value
	case value.IsObject() && like.IsObject():
		return resource.NewObjectProperty(Conceal(value.ObjectValue(), like.ObjectValue()))
	case value.IsArray() && like.IsArray() && len(value.ArrayValue()) == len(like.ArrayValue()):
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = ConcealValue(element, like.ArrayValue()[i])
		}
		return resource.NewArrayProperty(elements)
	default:
		// The shapes differ, so which part was secret cannot be told: all of it is.
		return Secret(value)
	}
}

// Secret marks a value secret, once.
func Secret(value resource.PropertyValue) resource.PropertyValue {
	if value.IsSecret() {
		return value
	}
	return resource.MakeSecret(value)
}
