package objects

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/types"

	"mesh.local/airgap/provider/internal/values"
)

// Autonamed marks objects whose name the provider made up, as the published provider does.
const Autonamed = "pulumi.com/autonamed"

// Metadata is an object's metadata as far as it can be read: nil when it is missing or unknown.
func Metadata(properties resource.PropertyMap) resource.PropertyMap {
	value := values.RevealValue(properties["metadata"])
	if !value.IsObject() {
		return nil
	}
	return value.ObjectValue()
}

// UID is what tells an object from others that had or will have its name; empty when these properties are not those of a stored object.
func UID(outputs resource.PropertyMap) types.UID {
	metadata := values.RevealValue(outputs["metadata"])
	if !metadata.IsObject() {
		return ""
	}
	return types.UID(Text(values.Reveal(metadata.ObjectValue()), "uid"))
}

// Text is a string in metadata; it is empty when it is missing or unknown.
func Text(metadata resource.PropertyMap, key resource.PropertyKey) string {
	if value := metadata[key]; value.IsString() {
		return value.StringValue()
	}
	return ""
}

// Annotation is the value of an annotation, or empty.
func Annotation(metadata resource.PropertyMap, name resource.PropertyKey) string {
	if value := metadata["annotations"]; value.IsObject() {
		return Text(value.ObjectValue(), name)
	}
	return ""
}

// IsAutonamed tells whether the provider made up the name in these inputs.
func IsAutonamed(properties resource.PropertyMap) bool {
	return Annotation(Metadata(properties), Autonamed) == "true"
}

// Naming is what an object's name is made from when it has none.
type Naming struct {
	Resource string
	Seed     []byte
	Options  *plugin.AutonamingOptions
}

// AssignName gives inputs without a name the old, made-up name, or a new one, and marks them.
func AssignName(news, olds resource.PropertyMap, naming Naming) error {
	if news["metadata"].ContainsUnknowns() && Metadata(news) == nil {
		return nil
	}
	metadata := Metadata(news)
	for _, key := range []resource.PropertyKey{"name", "generateName"} {
		if value, ok := metadata[key]; ok && !value.IsNull() && !(value.IsString() && value.StringValue() == "") {
			return nil
		}
	}
	name := ""
	if IsAutonamed(olds) {
		name = Text(Metadata(olds), "name")
	}
	if name == "" {
		var err error
		if name, err = NewName(naming, 0); err != nil || name == "" {
			return err
		}
	}
	set := resource.PropertyMap{
		"name":        resource.NewStringProperty(name),
		"annotations": resource.NewObjectProperty(resource.PropertyMap{Autonamed: resource.NewStringProperty("true")}),
	}
	news["metadata"] = merge(news["metadata"], set)
	return nil
}

// NewName makes a name from the resource's: eight random hexadecimal digits are appended, or what the stack's configuration says.
// It is empty where that forbids made-up names.
func NewName(naming Naming, limit int) (string, error) {
	if naming.Options != nil {
		switch naming.Options.Mode {
		case plugin.AutonamingModeDisabled:
			return "", nil
		case plugin.AutonamingModeEnforce:
			return naming.Options.ProposedName, nil
		case plugin.AutonamingModePropose:
			if proposed := naming.Options.ProposedName; proposed != "" && (limit == 0 || len(proposed) <= limit) {
				return proposed, nil
			}
		}
	}
	return resource.NewUniqueName(naming.Seed, naming.Resource+"-", 8, limit, nil)
}

// AssignNamespace sets the namespace of inputs that name none.
func AssignNamespace(news resource.PropertyMap, namespace string) {
	metadata := Metadata(news)
	if metadata == nil && news["metadata"].ContainsUnknowns() {
		return
	}
	if value, ok := metadata["namespace"]; ok && !value.IsNull() && !(value.IsString() && value.StringValue() == "") {
		return
	}
	news["metadata"] = merge(news["metadata"], resource.PropertyMap{"namespace": resource.NewStringProperty(namespace)})
}

// merge adds properties to an object, below whatever marks it secret.
func merge(value resource.PropertyValue, set resource.PropertyMap) resource.PropertyValue {
	if value.IsSecret() {
		return resource.MakeSecret(merge(value.SecretValue().Element, set))
	}
	if value.IsOutput() {
		output := value.OutputValue()
		output.Element = merge(output.Element, set)
		return resource.NewOutputProperty(output)
	}
	merged := resource.PropertyMap{}
	if value.IsObject() {
		merged = value.ObjectValue().Copy()
	}
	for key, element := range set {
		if element.IsObject() {
			element = merge(merged[key], element.ObjectValue())
		}
		merged[key] = element
	}
	return resource.NewObjectProperty(merged)
}
