package experiment

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/tree"
)

// smallKey is the part of a file that says how it is run in a few minutes.
const smallKey = "small"

// smallFields are the keys of the small version beside those of the file.
func smallFields() map[string]field[factors] {
	return map[string]field[factors]{
		"speed": by("1", at("speed", "How many times as fast the timeline is.", number(1.0/maxFactor, maxFactor), func(f *factors) *float64 { return &f.speed })),
		"scale": by("1", at("scale", "How many times as large sizes are.", number(1.0/maxFactor, maxFactor), func(f *factors) *float64 { return &f.scale })),
	}
}

// smallFactors reads the speed and the scale that the small version is written for.
func (r *reader) smallFactors(small tree.Node) factors {
	f := factors{1, 1}
	if small.Kind != tree.Map {
		r.fail(small, "small: {speed: 20, scale: 0.1}", "small is %s, and has to be keys and values", small.Is())
		return f
	}
	for name, field := range smallFields() {
		if n := small.Value(name); n.Line != 0 {
			field.read(r, name, n, &f)
		}
	}
	return f
}

// merge lays the small version over the file: mappings by their keys, lists of named
// items by the names, and anything else in place of what was there. Nothing in place
// of something takes it away.
func (r *reader) merge(full, small tree.Node) tree.Node {
	if small.Kind != tree.Map {
		return full
	}
	small, _ = small.Without("speed")
	small, _ = small.Without("scale")
	for _, key := range []string{"version", "name", "hypothesis", smallKey} {
		var taken tree.Entry
		if small, taken = small.Without(key); taken.Line != 0 {
			r.fail(tree.Node{Line: taken.Line, Column: taken.Column}, "it is the same experiment", "small can't have the key %s", key)
		}
	}
	return r.over(full, small, "small")
}

func (r *reader) over(full, small tree.Node, what string) tree.Node {
	switch {
	case full.Kind == tree.Map && small.Kind == tree.Map:
		full.Entries = slices.Clone(full.Entries)
		for _, e := range small.Entries {
			i := slices.IndexFunc(full.Entries, func(f tree.Entry) bool { return f.Key == e.Key })
			switch {
			case e.Value.Kind == tree.Nothing && i >= 0:
				full.Entries = slices.Delete(full.Entries, i, i+1)
			case i >= 0:
				full.Entries[i].Value = r.over(full.Entries[i].Value, e.Value, e.Key)
			default:
				e.Value = e.Value.Overlaid()
				full.Entries = append(full.Entries, e)
			}
		}
		return full
	case full.Kind == tree.List && small.Kind == tree.List && namedBy(full) != "":
		return r.overItems(full, small, what)
	}
	return small.Overlaid()
}

// overItems lays items over those of the same name.
func (r *reader) overItems(full, small tree.Node, what string) tree.Node {
	key := namedBy(full)
	full.Items = slices.Clone(full.Items)
	var names []string
	for _, item := range full.Items {
		names = append(names, item.Value(key).Text)
	}
	for _, item := range small.Items {
		name := item.Value(key)
		switch i := slices.Index(names, name.Text); {
		case name.Kind != tree.Text:
			r.fail(item, "it says which one is changed", "small: an item of %s needs the key %s", what, key)
		case i < 0:
			r.fail(name, meant(name.Text, names), "small: %s has none of the %s %q", what, key, clip(name.Text))
		default:
			full.Items[i] = r.over(full.Items[i], item, what)
		}
	}
	return full
}

// namedBy is the key that tells the items of a list apart; empty if there is none.
func namedBy(list tree.Node) string {
	for _, key := range identities() {
		if len(list.Items) > 0 && !slices.ContainsFunc(list.Items, func(n tree.Node) bool { return n.Value(key).Kind != tree.Text }) {
			return key
		}
	}
	return ""
}
