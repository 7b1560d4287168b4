package manifest

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// bindings reads what the function reads and writes beside its trigger.
func (f fields) bindings(fn *funcapp.Function, store string) {
	names := map[string]string{triggerName: triggerName}
	for _, k := range []string{"in", "out"} {
		e, found := f.get(k)
		if !found {
			continue
		}
		all, ok := f.fields(e.Value, k)
		if !ok {
			continue
		}
		for _, e := range all.entries {
			lower := strings.ToLower(e.Key)
			if other, taken := names[lower]; taken {
				f.fail(e.Line, e.Column, "names are equal in any case, since headers are; trigger is the trigger's own", "%s: %q and %q are the same name", f.what, clip(other), clip(e.Key))
				continue
			}
			names[lower] = e.Key
			if !bindingName(e.Key) {
				f.fail(e.Line, e.Column, "up to 128 letters, digits and _, with a letter at the front", "%q is no name for what is read or written", clip(e.Key))
				continue
			}
			if b, ok := f.binding(e.Key, e.Value, k == "out", store, fn.Trigger); ok {
				b.Name = e.Key
				if b.Out {
					fn.Outputs = append(fn.Outputs, b)
				} else {
					fn.Inputs = append(fn.Inputs, b)
				}
			}
		}
	}
	if e, found := f.get("answer"); found {
		if b, ok := f.binding("answer", e.Value, true, store, fn.Trigger); ok {
			b.Name = funcapp.Return
			fn.Outputs = append(fn.Outputs, b)
		}
	}
}

func bindingName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// binding reads "blob CONTAINER/PATH" or "queue NAME", or a mapping that says the
// same and the store.
func (f fields) binding(what string, n tree.Node, out bool, store string, trigger funcapp.Binding) (b funcapp.Binding, ok bool) {
	example := `"blob images/{name}"`
	if out {
		example += ` or "queue done"`
	}
	kind, skip := "", 0
	switch n.Kind {
	case tree.Text:
		kind, skip = split(n.Text)
	case tree.Map:
		long, _ := f.fields(n, what)
		long.only("", []key{{"blob", nil}, {"queue", nil}, {"store", nil}})
		store = long.store(store)
		blob, isBlob := long.get("blob")
		queue, isQueue := long.get("queue")
		switch {
		case isBlob == isQueue:
			f.fail(n.Line, n.Column, "{blob: images/{name}, store: VARIABLE}, with quotes around the path", "%s has to be a blob or a queue", what)
			return b, false
		case isBlob:
			kind, n = "blob", blob.Value
		default:
			kind, n = "queue", queue.Value
		}
		if n.Kind != tree.Text {
			f.fail(n.Line, n.Column, "a path with braces needs quotes", "%s of %s is %s, and has to be a text", kind, what, n.Is())
			return b, false
		}
	default:
		f.fail(n.Line, n.Column, example, "%s is %s, and has to be a text", what, n.Is())
		return b, false
	}
	b = funcapp.Binding{Type: funcapp.Type(kind), Out: out, Connection: store, Streamed: !out}
	switch {
	case kind == "queue" && !out:
		f.fail(n.Line, n.Column, "what triggers the function is the key queue of the function itself", "%s: a queue is not read beside the trigger", what)
		return b, false
	case kind != "queue" && kind != "blob":
		f.fail(n.Line, n.Column, example, "%s is %q, and has to begin with what it is", what, clip(n.Text))
		return b, false
	}
	text, changed, ok := f.settings(what, n, skip)
	if !ok {
		return b, false
	}
	if kind == "queue" {
		b.Queue = f.queue(what, n, skip, text, changed, false)
		if b.Queue == nil {
			return b, false
		}
		f.checkNames(what, n, skip, changed, b.Queue, trigger)
		return b, true
	}
	b.Path = f.blobPath(what, n, skip, text, changed)
	if b.Path == nil {
		return b, false
	}
	f.checkNames(what, n, skip, changed, b.Path, trigger)
	return b, true
}

// split takes the first word off a text; skip is where the rest begins.
func split(text string) (kind string, skip int) {
	trimmed := strings.TrimLeft(text, " \t")
	kind, _, _ = strings.Cut(trimmed, " ")
	skip = len(text) - len(trimmed) + len(kind)
	for skip < len(text) && text[skip] == ' ' {
		skip++
	}
	return strings.ToLower(kind), skip
}

// blobPath reads container/path; nil if it is none, which is told.
func (f fields) blobPath(what string, n tree.Node, skip int, text string, changed bool) *expression.Template {
	t, err := expression.Parse(text)
	if err != nil {
		f.fault(what, n, skip, changed, err)
		return nil
	}
	container, path, found := strings.Cut(t.String(), "/")
	if !found || container == "" || path == "" {
		f.fail(n.Line, n.At(skip), "CONTAINER/PATH, as in images/{name}", "%s is no path of a blob", what)
		return nil
	}
	if !strings.ContainsAny(container, "{}") {
		if err := work.CheckName("container", container); err != nil {
			f.fault(what, n, skip, changed, err)
			return nil
		}
	}
	return t
}

// checkNames tells of names in braces that the trigger does not bring. What is in a
// message, nobody can know before.
func (f fields) checkNames(what string, n tree.Node, skip int, changed bool, t *expression.Template, trigger funcapp.Binding) {
	var known []string
	switch trigger.Type {
	case funcapp.BlobTrigger:
		if trigger.Pattern == nil {
			return
		}
		for _, name := range trigger.Pattern.Names() {
			known = append(known, name.First)
		}
		known = append(known, "blobTrigger", "uri", "properties", "metadata")
	case funcapp.TimerTrigger:
	default:
		return
	}
	for _, name := range t.Names() {
		found := false
		for _, k := range known {
			found = found || strings.EqualFold(k, name.First)
		}
		if found {
			continue
		}
		if changed {
			f.fail(n.Line, n.Column, "", "%s needs a name that the trigger does not bring, once its settings are put in", what)
			continue
		}
		hint := "a timer brings no names; {rand-guid}, {datetime} and {sys.methodname} are there always"
		if len(known) > 0 {
			hint = meant(name.First, known)
		}
		f.fail(n.Line, n.At(skip+name.Column-1), hint, "%s: the trigger brings no %q", what, clip(name.First))
	}
}
