package funcapp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/expression"
)

// connection is the name of a setting. People put the secret itself there, which
// then must not be told.
func (b *bound) connection() {
	text, at, found := b.o.text("connection")
	b.Connection = DefaultConnection
	switch {
	case !found || text == "":
	case strings.ContainsAny(text, "=;"):
		b.o.mistake(at, `"connection" holds a connection string`, "the name of an app setting that holds it")
	default:
		if name, _, found := b.o.resolved("connection"); found {
			b.Connection = name.value
		}
	}
}

func (b *bound) queue() {
	name, template := b.template("queueName", `"queueName": "orders"`)
	if template == nil {
		return
	}
	fixed, is := template.Fixed()
	switch {
	case !is && b.Type == QueueTrigger:
		b.o.mistake(name.v.At, `the queue of a trigger can't be an expression`, "a name, or %SETTING%")
	case is:
		if err := work.CheckName("queue", strings.ToLower(fixed)); err != nil {
			b.o.fault("queueName", name, err)
		}
		if lower := strings.ToLower(fixed); lower != fixed && !name.changed {
			b.o.warn(name.v.At, fmt.Sprintf("the queue is %q: queues have no capitals", clip(lower)), "")
		}
	}
	b.Queue = template
}

func (b *bound) path() {
	path, template := b.template("path", `"path": "images/{name}"`)
	if template == nil {
		return
	}
	container, blob, found := strings.Cut(template.String(), "/")
	if !found || container == "" || blob == "" {
		b.o.fault("path", path, errors.New("it is no path of a blob\nhint: container/path"))
		return
	}
	if !strings.ContainsAny(container, "{}") {
		if err := work.CheckName("container", container); err != nil {
			b.o.fault("path", path, err)
			return
		}
	}
	b.Path = template
}

func (b *bound) pattern() {
	path, at, found := b.o.resolved("path")
	if _, there := b.o.get("path"); !there {
		b.o.mistake(at, fmt.Sprintf(`"path" is missing in %s`, b.o.what), `"path": "images/{name}"`)
	}
	if !found {
		return
	}
	pattern, err := expression.ParsePattern(path.value)
	if err != nil {
		b.o.fault("path", path, err)
		return
	}
	b.Pattern = pattern
}

// template reads a text with expressions; nil if it is none, which is told.
func (b *bound) template(key, example string) (resolved, *expression.Template) {
	text, at, found := b.o.resolved(key)
	if _, there := b.o.get(key); !there {
		b.o.mistake(at, fmt.Sprintf("%q is missing in %s", key, b.o.what), example)
	}
	if !found {
		return text, nil
	}
	template, err := expression.Parse(text.value)
	if err != nil {
		b.o.fault(key, text, err)
		return text, nil
	}
	b.texts = append(b.texts, templated{template, text, key})
	for _, trap := range template.Traps() {
		b.o.trap(key, text, trap.Column, trap.Problem, trap.Hint)
	}
	return text, template
}
