package objects

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"mesh.local/airgap/provider/internal/values"
)

// Changes lists the differences between two sets of inputs by path. Null and absent are the same; a value not known yet differs from
// any other. Paths in ignore are left out.
func Changes(olds, news resource.PropertyMap, ignore []string) map[string]plugin.PropertyDiff {
	walk := walker{found: map[string]plugin.PropertyDiff{}}
	for _, text := range ignore {
		if path, err := resource.ParsePropertyPath(text); err == nil {
			walk.ignore = append(walk.ignore, path)
		}
	}
	walk.objects(nil, values.Reveal(olds), values.Reveal(news))
	return walk.found
}

type walker struct {
	ignore []resource.PropertyPath
	found  map[string]plugin.PropertyDiff
}

func (walk *walker) objects(path resource.PropertyPath, olds, news resource.PropertyMap) {
	for key, old := range olds {
		walk.values(child(path, string(key)), old, news[key])
	}
	for key, value := range news {
		if _, ok := olds[key]; !ok {
			walk.values(child(path, string(key)), resource.PropertyValue{}, value)
		}
	}
}

func (walk *walker) values(path resource.PropertyPath, old, value resource.PropertyValue) {
	switch {
	case old.IsObject() && value.IsObject():
		walk.objects(path, old.ObjectValue(), value.ObjectValue())
	case old.IsArray() && value.IsArray():
		olds, news := old.ArrayValue(), value.ArrayValue()
		for i := range max(len(olds), len(news)) {
			walk.values(child(path, i), at(olds, i), at(news, i))
		}
	case old.IsNull() && value.IsNull():
	case old.IsNull():
		walk.add(path, plugin.DiffAdd)
	case value.IsNull():
		walk.add(path, plugin.DiffDelete)
	case value.IsComputed() || !old.DeepEquals(value):
		walk.add(path, plugin.DiffUpdate)
	}
}

func (walk *walker) add(path resource.PropertyPath, kind plugin.DiffKind) {
	for _, ignored := range walk.ignore {
		if ignored.Contains(path) {
			return
		}
	}
	walk.found[path.String()] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
}

func child(path resource.PropertyPath, step any) resource.PropertyPath {
	return append(path[:len(path):len(path)], step)
}

func at(elements []resource.PropertyValue, i int) resource.PropertyValue {
	if i < len(elements) {
		return elements[i]
	}
	return resource.PropertyValue{}
}

// Diff compares an object's inputs. namespace is the one an object without any is in.
func Diff(olds, news resource.PropertyMap, ignore []string, namespace string, mutable func(kind string) bool) plugin.DiffResult {
	changes := Changes(olds, news, ignore)
	old, value := Metadata(olds), Metadata(news)
	// An object that names no namespace and one that names the default are in the same place.
	if or(Text(old, "namespace"), namespace) == or(Text(value, "namespace"), namespace) && !value["namespace"].IsComputed() {
		delete(changes, "metadata.namespace")
	}
	// Two objects of one name cannot be there together; a made-up name is made up anew, so the old one may stay until the new one is ready.
	// That holds without a difference too: an engine that deleted the old object, and was stopped before it made the new one, asks again, and
	// would otherwise make the new one first and delete it by its name.
	name := Text(value, "name")
	deleteFirst := name != "" && name == Text(old, "name") && !IsAutonamed(news) &&
		or(Text(old, "namespace"), namespace) == or(Text(value, "namespace"), namespace)
	if len(changes) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone, DeleteBeforeReplace: deleteFirst}
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: changes, DeleteBeforeReplace: deleteFirst}
	fields := immutable(values.Reveal(olds), mutable)
	for text, change := range changes {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue
		}
		result.ChangedKeys = append(result.ChangedKeys, resource.PropertyKey(text))
		if !fields.match(path, change.Kind) {
			continue
		}
		change.Kind = change.Kind.AsReplace()
		changes[text] = change
		result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(text))
	}
	return result
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
