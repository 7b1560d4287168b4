package funcapp

import (
	"fmt"
	"strings"
)

// assemble sorts a function's bindings into trigger, inputs and outputs, and
// checks what can only be seen of all of them. Mistakes of the whole are told at
// a place of top.
func (fn *Function) assemble(top *object, at int, all []bound) {
	names := map[string]bool{}
	triggers := 0
	for _, b := range all {
		lower := strings.ToLower(b.Name)
		if names[lower] && b.Name != "" {
			b.o.mistake(b.o.at, fmt.Sprintf("two bindings have the name %q", clip(b.Name)), "names are equal in any case")
		}
		names[lower] = true
		switch {
		case b.trigger():
			if triggers++; triggers > 1 {
				b.o.mistake(b.o.at, "a second trigger", "a function has one; another function can call the same code")
				continue
			}
			fn.Trigger = b.Binding
		case b.foreign:
		case b.Out:
			fn.Outputs = append(fn.Outputs, b.Binding)
		default:
			fn.Inputs = append(fn.Inputs, b.Binding)
		}
	}
	if triggers == 0 {
		top.mistake(at, "the function has no trigger", "a binding of the type queueTrigger, blobTrigger, timerTrigger or httpTrigger")
	}
	http := false
	for _, b := range all {
		http = http || b.Type == HTTP
		if b.Type == HTTP && triggers > 0 && fn.Trigger.Type != HTTPTrigger {
			b.o.mistake(b.o.at, "an HTTP answer, and no HTTP request", "the type http goes with httpTrigger")
		}
		if triggers == 1 {
			b.checkNames(fn.Trigger)
		}
	}
	if fn.Trigger.Type == HTTPTrigger && !http {
		top.warn(at, "the function answers requests with no content", `{"type": "http", "direction": "out", "name": "res"} for an answer`)
	}
}

// checkNames tells of expressions whose names the trigger does not bring. What
// is in a message or a request, nobody can know before.
func (b *bound) checkNames(trigger Binding) {
	var known []string
	switch trigger.Type {
	case BlobTrigger:
		if trigger.Pattern == nil {
			return
		}
		known = []string{"blobTrigger", "uri", "properties", "metadata"}
		for _, name := range trigger.Pattern.Names() {
			known = append(known, name.First)
		}
	case TimerTrigger:
	default:
		return
	}
	for _, t := range b.texts {
		for _, name := range t.template.Names() {
			found := false
			for _, k := range known {
				found = found || strings.EqualFold(k, name.First)
			}
			if found {
				continue
			}
			if t.resolved.changed {
				b.o.mistake(t.resolved.v.At, fmt.Sprintf("%q needs a name that the trigger does not bring, once its settings are put in", t.key), "")
				continue
			}
			hint := "a timer brings no names; {rand-guid}, {datetime} and {sys.methodname} are there always"
			if len(known) > 0 {
				hint = meant(name.First, known)
			}
			b.o.mistake(point(t.resolved.v, name.Column), fmt.Sprintf("%q: the trigger brings no %q", t.key, clip(name.First)), hint)
		}
	}
}
