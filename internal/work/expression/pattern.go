package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
)

// Pattern is the path of a blob trigger: container/{name}.{ext}, or a container
// alone, of which every blob is meant.
type Pattern struct {
	container string
	whole     bool     // the container alone
	literals  []string // around the names: one more than there are names
	names     []Name
}

// ParsePattern reads the path of a blob trigger. The error is an *Error.
func ParsePattern(text string) (*Pattern, error) {
	fault := func(at int, problem, hint string) (*Pattern, error) {
		return nil, &Error{Source: text, Column: at + 1, Problem: problem, Hint: hint}
	}
	const form = "container/{name}, as in images/{name}.jpg"
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	container, path, found := strings.Cut(text, "/")
	switch brace := strings.IndexAny(container, `{}\`); {
	case brace >= 0 && container[brace] == '\\':
		return fault(brace, `a \ in a path`, form)
	case brace >= 0:
		return fault(brace, "the container of a blob trigger can't be a pattern", form)
	case container == "" || found && path == "":
		return fault(0, "it is no path of blobs", form)
	}
	if err := work.CheckName("container", container); err != nil {
		problem, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		return fault(0, problem, hint)
	}
	p := &Pattern{container: container, whole: !found}
	between := ""
	for _, part := range parts {
		switch {
		case part.kind == literal:
			between += part.text
			continue
		case part.kind != data:
			return fault(part.column-1, fmt.Sprintf("{%s} stands for a new value, and can't be found in a path", part.path[0]), form)
		case len(part.path) > 1 || part.colon:
			return fault(part.column-1, "the path of a blob trigger takes names alone, without dots and formats", form)
		}
		name := Name{part.path[0], part.path[0], part.column}
		if slices.ContainsFunc(p.names, func(other Name) bool { return strings.EqualFold(other.First, name.First) }) {
			return fault(part.column-1, fmt.Sprintf("{%s} is there twice", name.First), "a name of its own for each part")
		}
		p.literals = append(p.literals, between)
		p.names = append(p.names, name)
		between = ""
	}
	p.literals = append(p.literals, between)
	// The container was checked; what is matched is the path within it.
	p.literals[0] = strings.TrimPrefix(strings.TrimPrefix(p.literals[0], container), "/")
	return p, nil
}

// Container is the one whose blobs are meant.
func (p *Pattern) Container() string { return p.container }

// String is the path as it could have been written.
func (p *Pattern) String() string {
	if p.whole {
		return p.container
	}
	var b strings.Builder
	b.WriteString(p.container + "/" + p.literals[0])
	for i, name := range p.names {
		b.WriteString("{" + name.Text + "}" + p.literals[i+1])
	}
	return b.String()
}

// Prefix is what the paths of all blobs that are meant begin with.
func (p *Pattern) Prefix() string { return p.literals[0] }

// Names are the values that a match gives.
func (p *Pattern) Names() []Name { return slices.Clone(p.names) }

// Match takes the values of the names out of a blob's path within the
// container. Names are greedy, the first one most: {name}.{ext} on a.b.c gives
// a.b and c. A name may stand for nothing, or have slashes in it.
func (p *Pattern) Match(path string) (values map[string]string, matched bool) {
	switch {
	case p.whole:
		return map[string]string{}, true
	case len(p.names) == 0 && path != p.literals[0]:
		return nil, false
	case len(p.names) == 0:
		return map[string]string{}, true
	}
	first, last := p.literals[0], p.literals[len(p.names)]
	if !strings.HasPrefix(path, first) || !strings.HasSuffix(path[len(first):], last) {
		return nil, false
	}
	values = make(map[string]string, len(p.names))
	rest := path[len(first) : len(path)-len(last)]
	// From the right, each literal where it is found first: so that every name
	// before it gets as much as it can.
	for i := len(p.names) - 1; i > 0; i-- {
		at := strings.LastIndex(rest, p.literals[i])
		if at < 0 {
			return nil, false
		}
		values[p.names[i].First] = rest[at+len(p.literals[i]):]
		rest = rest[:at]
	}
	values[p.names[0].First] = rest
	return values, true
}
