package funcapp

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// object is a JSON object that is read key by key. Keys are equal in any case,
// as in .NET, and null counts as not there. What was never asked for is unknown,
// and rest tells of it.
type object struct {
	*file
	what    string // in messages
	at      int
	members []jsonpos.Member
	known   []string
}

// object takes a value for an object; a mistake if it is none.
func (f *file) object(v jsonpos.Value, what string) (*object, bool) {
	if v.Kind != jsonpos.Object {
		f.mistake(v.At, fmt.Sprintf("%s is %s, and has to be an object", what, v.Kind), "")
		return nil, false
	}
	o := &object{file: f, what: what, at: v.At}
	seen := map[string]bool{}
	for _, m := range v.Members {
		lower := strings.ToLower(m.Name)
		if seen[lower] {
			f.mistake(m.At, fmt.Sprintf("%q is there twice", clip(m.Name)), "keys in another case are the same key")
			continue
		}
		seen[lower] = true
		o.members = append(o.members, m)
	}
	return o, true
}

// get finds a key's value.
func (o *object) get(key string) (v jsonpos.Value, found bool) {
	o.known = append(o.known, key)
	for _, m := range o.members {
		if strings.EqualFold(m.Name, key) {
			return m.Value, m.Value.Kind != jsonpos.Null
		}
	}
	return jsonpos.Value{At: o.at}, false
}

// ignore marks keys as known whose values do not matter here.
func (o *object) ignore(keys ...string) { o.known = append(o.known, keys...) }

// rest warns of the keys that nobody asked for: Azure passes over them in
// silence, and so a misspelt key has no effect there.
func (o *object) rest() {
	for _, m := range o.members {
		if o.full() {
			return
		}
		if slices.ContainsFunc(o.known, func(key string) bool { return strings.EqualFold(key, m.Name) }) {
			continue
		}
		hint := ""
		if near := nearest.To(m.Name, o.known); near != "" {
			hint = fmt.Sprintf("%q, maybe", near)
		}
		o.warn(m.At, fmt.Sprintf("%s has no key %q: it is passed over", o.what, clip(m.Name)), hint)
	}
}

// wrong tells of a value of another kind.
func (o *object) wrong(key string, v jsonpos.Value, want, hint string) {
	o.mistake(v.At, fmt.Sprintf("%q is %s, and has to be %s", key, v.Kind, want), hint)
}

// child is an object below; nil if it is not there, or none.
func (o *object) child(key string) *object {
	v, found := o.get(key)
	if !found {
		return nil
	}
	below, _ := o.object(v, fmt.Sprintf("%q", key))
	return below
}

// text is a text; empty if it is not there.
func (o *object) text(key string) (text string, at int, found bool) {
	v, found := o.get(key)
	if found && v.Kind != jsonpos.String {
		o.wrong(key, v, "a text", "")
		return "", v.At, false
	}
	return v.Text, v.At, found
}

// choice is one of some words, in any case; the first one if it is not there.
func (o *object) choice(key string, words ...string) string {
	text, at, found := o.text(key)
	if !found {
		return words[0]
	}
	for _, word := range words {
		if strings.EqualFold(word, text) {
			return word
		}
	}
	some := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" })
	o.mistake(at, fmt.Sprintf("%q is %q", key, clip(text)), meant(text, some))
	return words[0]
}

// flag is true or false; .NET takes them as texts too.
func (o *object) flag(key string, otherwise bool) bool {
	v, found := o.get(key)
	if !found {
		return otherwise
	}
	if v.Kind == jsonpos.Bool || v.Kind == jsonpos.String {
		if is, err := strconv.ParseBool(strings.ToLower(v.Text)); err == nil && len(v.Text) > 1 {
			return is
		}
	}
	o.wrong(key, v, "true or false", "")
	return otherwise
}

// integer is a number between two; .NET takes it as a text too.
func (o *object) integer(key string, least, most, otherwise int) int {
	v, found := o.get(key)
	if !found {
		return otherwise
	}
	if v.Kind != jsonpos.Number && v.Kind != jsonpos.String {
		o.wrong(key, v, "a number", "")
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimSpace(v.Text))
	switch {
	case err != nil:
		o.mistake(v.At, fmt.Sprintf("%q has to be a whole number", key), "")
		return otherwise
	case n < least || n > most:
		hint := fmt.Sprintf("%d to %d", least, most)
		if most == math.MaxInt32 {
			hint = fmt.Sprintf("%d or more", least)
		}
		o.mistake(v.At, fmt.Sprintf("%q is %d", key, n), hint)
		return otherwise
	}
	return n
}

// span is a TimeSpan between two. A number is refused: .NET reads it as days.
func (o *object) span(key string, least, most, otherwise time.Duration) time.Duration {
	v, found := o.get(key)
	if !found {
		return otherwise
	}
	const form = "hh:mm:ss, as in 00:00:30 for half a minute"
	if v.Kind != jsonpos.String {
		o.wrong(key, v, "a TimeSpan in quotes", form)
		return otherwise
	}
	d, err := schedule.ParseSpan(v.Text)
	switch {
	case err != nil:
		o.mistake(v.At, fmt.Sprintf("%q is %q, which is no TimeSpan", key, clip(v.Text)), form)
		return otherwise
	case d < least || d > most:
		o.mistake(v.At, fmt.Sprintf("%q is %v", key, d), fmt.Sprintf("%v to %v", least, most))
		return otherwise
	}
	for _, trap := range schedule.Traps(v.Text) {
		o.warn(v.At, fmt.Sprintf("%q: %s", key, trap.Problem), trap.Hint)
	}
	return d
}

// texts is a list of texts.
func (o *object) texts(key string) (all []jsonpos.Value) {
	v, found := o.get(key)
	if !found {
		return nil
	}
	if v.Kind != jsonpos.List {
		o.wrong(key, v, "a list of texts", `["one", "two"]`)
		return nil
	}
	for _, item := range v.Items {
		if item.Kind != jsonpos.String {
			o.mistake(item.At, fmt.Sprintf("%s in %q, which is a list of texts", item.Kind, key), "")
			continue
		}
		all = append(all, item)
	}
	return all
}
