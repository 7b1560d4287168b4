package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// fields is a mapping that is read key by key.
type fields struct {
	*reader
	what    string // in messages
	node    tree.Node
	entries []tree.Entry // each key once
}

// fields takes a node for a mapping; a mistake if it is none.
func (r *reader) fields(n tree.Node, what string) (fields, bool) {
	f := fields{reader: r, what: what, node: n}
	if n.Kind != tree.Map {
		r.fail(n.Line, n.Column, "", "%s is %s, and has to be keys and values", what, n.Is())
		return f, false
	}
	lines := map[string]int{}
	for _, e := range n.Entries {
		if line, twice := lines[e.Key]; twice {
			r.fail(e.Line, e.Column, "", "%q is there twice, first in line %d", clip(e.Key), line)
			continue
		}
		lines[e.Key] = e.Line
		f.entries = append(f.entries, e)
	}
	return f, true
}

// get finds a key.
func (f fields) get(key string) (e tree.Entry, found bool) {
	for _, e := range f.entries {
		if e.Key == key {
			return e, true
		}
	}
	return tree.Entry{}, false
}

// text is a text that is not empty; a mistake if it is anything else.
func (f fields) text(key string) (n tree.Node, found bool) {
	e, found := f.get(key)
	if !found {
		return tree.Node{}, false
	}
	if e.Value.Kind != tree.Text || strings.TrimSpace(e.Value.Text) == "" {
		what := e.Value.Is()
		if e.Value.Kind == tree.Text {
			what = "empty"
		}
		f.fail(e.Value.Line, e.Value.Column, "", "%s is %s, and has to be a text", key, what)
		return tree.Node{}, false
	}
	return e.Value, true
}

// integer is a number between two.
func (f fields) integer(key string, least, most, otherwise int) int {
	n, found := f.text(key)
	if !found {
		return otherwise
	}
	hint := fmt.Sprintf("%d to %d", least, most)
	if most == math.MaxInt32 {
		hint = fmt.Sprintf("%d or more", least)
	}
	i, err := strconv.Atoi(strings.TrimSpace(n.Text))
	if err != nil || i < least || i > most {
		f.fail(n.Line, n.Column, hint, "%s is %q, and has to be a whole number", key, clip(n.Text))
		return otherwise
	}
	return i
}

// duration is a time between two.
func (f fields) duration(key string, least, most, otherwise time.Duration) time.Duration {
	n, found := f.text(key)
	if !found {
		return otherwise
	}
	d, err := time.ParseDuration(strings.TrimSpace(n.Text))
	switch {
	case err != nil:
		f.fail(n.Line, n.Column, "a number with a unit: 500ms, 30s, 10m", "%s is %q, which is no duration", key, clip(n.Text))
	case d < least || d > most:
		f.fail(n.Line, n.Column, fmt.Sprintf("%v to %v", least, most), "%s is %v", key, d)
	default:
		return d
	}
	return otherwise
}

// flag is true or false.
func (f fields) flag(key string) bool {
	n, found := f.text(key)
	if !found {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(n.Text)) {
	case "true", "on", "yes":
		return true
	case "false", "off", "no":
		return false
	}
	f.fail(n.Line, n.Column, "true or false", "%s is %q", key, clip(n.Text))
	return false
}

// choice is one of some words; the first one if it is not there.
func (f fields) choice(key string, words ...string) string {
	n, found := f.text(key)
	if !found {
		return words[0]
	}
	for _, word := range words {
		if strings.EqualFold(word, strings.TrimSpace(n.Text)) {
			return word
		}
	}
	f.fail(n.Line, n.Column, meant(n.Text, words), "%s is %q", key, clip(n.Text))
	return words[0]
}

// store is the connection that a mapping names, or the one of what it belongs to.
func (f fields) store(otherwise string) string {
	n, found := f.text("store")
	if !found {
		return otherwise
	}
	name := strings.TrimSpace(n.Text)
	if strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_'
	}) {
		f.fail(n.Line, n.Column, "a store for all functions is the key store at the top of the file, where it may be file:DIR", "store of %s is no name of a variable of the environment", f.what)
		return otherwise
	}
	if f.lookup != nil && !f.known(name) {
		f.fail(n.Line, n.Column, name+"=nats://HOST:4222, file:DIR or a connection string, in the environment", "store: there is no variable %s", clip(name))
	}
	return name
}

// known says that the environment has a connection of this name, in one of the
// forms that work/connect reads.
func (r *reader) known(name string) bool {
	for _, suffix := range []string{"", "__accountName", "__serviceUri", "__blobServiceUri", "__queueServiceUri"} {
		for _, full := range []string{"AzureWebJobs" + name + suffix, name + suffix} {
			if value, found := r.lookup(full); found && value != "" {
				return true
			}
		}
	}
	return false
}

// only tells of keys that are not among the known ones, and of those that another
// trigger has.
func (f fields) only(trigger funcapp.Type, all []key) {
	names := make([]string, 0, len(all))
	for _, k := range all {
		names = append(names, k.name)
	}
	for _, e := range f.entries {
		var k *key
		for i := range all {
			if all[i].name == e.Key {
				k = &all[i]
			}
		}
		switch {
		case k == nil && strings.EqualFold(e.Key, "http"):
			f.fail(e.Line, e.Column, "clients reach the worker on its own paths, as without functions", "%s has the key %q, which is not needed", f.what, e.Key)
		case k == nil:
			f.fail(e.Line, e.Column, meant(e.Key, names), "%s has no key %q", f.what, clip(e.Key))
		case trigger != "" && !k.has(trigger):
			f.fail(e.Line, e.Column, "", "%s: %s has no meaning for a %s", f.what, e.Key, word(trigger))
		}
	}
}
