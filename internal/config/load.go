package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/tree/yamltree"
)

// Prefix is what the names of stanch's variables begin with.
const Prefix = "STANCH_"

// UnhealthyVariable is honoured as the setting unhealthy-memory, in bytes, for
// workers that used to read it themselves.
const UnhealthyVariable = "WORKER_UNHEALTHY_MEMORY_USAGE_BYTES"

// fileLimit bounds a configuration file: a larger one is not one.
const fileLimit = 1 << 20

// Variable is the setting's name in the environment.
func (s Setting) Variable() string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// File reads stanch.yaml into r. A file that does not exist is an error that
// os.IsNotExist knows.
func (r *Run) File(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > fileLimit {
		return fmt.Errorf("%s: %v is too large for a configuration", path, bytesize.Size(info.Size()))
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return r.Parse(path, source)
}

// Parse reads the YAML of a file with this name, for the messages, into r. All
// mistakes are reported together, each with its line.
func (r *Run) Parse(name string, source []byte) error {
	file, err := parser.ParseBytes(source, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var errs []error
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		mapping, ok := doc.Body.(*ast.MappingNode)
		if !ok {
			if single, one := doc.Body.(*ast.MappingValueNode); one {
				mapping = ast.Mapping(single.GetToken(), false, single)
			} else if doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
				continue
			} else {
				return fmt.Errorf("%s:%d: expected keys and values, found %s", name, doc.Body.GetToken().Position.Line, strings.ToLower(doc.Body.Type().String()))
			}
		}
		errs = append(errs, r.mapping(name, mapping)...)
	}
	return errors.Join(errs...)
}

func (r *Run) mapping(name string, mapping *ast.MappingNode) (errs []error) {
	seen := map[string]int{}
	entries := map[string]*ast.MappingValueNode{}
	fail := func(node ast.Node, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", name, node.GetToken().Position.Line, fmt.Sprintf(format, args...)))
	}
	for _, entry := range mapping.Values {
		key := entry.Key.String()
		if line, twice := seen[key]; twice {
			fail(entry.Key, "%s is given twice, first in line %d", key, line)
			continue
		}
		seen[key] = entry.Key.GetToken().Position.Line
		entries[key] = entry
		if key == "command" {
			command, err := words(entry.Value)
			if err != nil {
				fail(entry.Value, "command: %v", err)
			}
			r.Command = command
			continue
		}
		if key == functionsKey {
			errs = append(errs, r.functions(name, entry))
			continue
		}
		if !slices.ContainsFunc(Settings(), func(s Setting) bool { return s.Name == key }) {
			fail(entry.Key, "unknown key %s%s", key, suggest(key))
		}
	}
	// In the order of the list, not of the file: a preset comes before the
	// levels that refine it, wherever they stand.
	for _, s := range Settings() {
		entry, given := entries[s.Name]
		if !given {
			continue
		}
		scalar, ok := entry.Value.(ast.ScalarNode)
		if !ok {
			fail(entry.Value, "%s: expected one value, found %s", s.Name, strings.ToLower(entry.Value.Type().String()))
			continue
		}
		if scalar.Type() == ast.NullType {
			fail(entry.Key, "%s has no value", s.Name)
			continue
		}
		if err := s.Value(r).Set(yamltree.Text(scalar)); err != nil {
			fail(entry.Value, "%s: %v", s.Name, err)
		}
	}
	return errs
}

func words(n ast.Node) ([]string, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, fmt.Errorf("expected a list, found %s\nhint: command: [python, app.py]", strings.ToLower(n.Type().String()))
	}
	var out []string
	for _, item := range list.Values {
		scalar, ok := item.(ast.ScalarNode)
		if !ok {
			return nil, fmt.Errorf("word %d is not a text", len(out)+1)
		}
		out = append(out, yamltree.Text(scalar))
	}
	return out, nil
}

// Environment reads the STANCH_ variables of environ (as os.Environ gives
// them) into r, and WORKER_UNHEALTHY_MEMORY_USAGE_BYTES. Reserved names are
// those that stanch sets for its workers.
func (r *Run) Environment(environ []string) error {
	var errs []error
	given := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value == "" {
			continue // as manifests unset a variable
		}
		if name == UnhealthyVariable {
			if err := size(&r.Unhealthy).Set(value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
		if strings.HasPrefix(name, Prefix) && !slices.Contains(Reserved(), name) {
			given[name] = value
		}
	}
	for _, s := range Settings() {
		value, ok := given[s.Variable()]
		if !ok {
			continue
		}
		delete(given, s.Variable())
		if err := s.Value(r).Set(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Variable(), err))
		}
	}
	for _, name := range slices.Sorted(keys(given)) {
		key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, Prefix), "_", "-"))
		errs = append(errs, fmt.Errorf("unknown variable %s%s", name, suggest(key)))
	}
	return errors.Join(errs...)
}

// Reserved are the STANCH_ variables that are not settings: what stanch tells
// its workers, and where its configuration is.
func Reserved() []string { return []string{"STANCH_WORKER", "STANCH_HOST", "STANCH_CONFIG"} }

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// suggest names the setting that looks most like what was written.
func suggest(key string) string {
	names := []string{"command", functionsKey}
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	if near := nearest.To(key, names); near != "" {
		return "\nhint: did you mean " + near + "?"
	}
	return "\nhint: `stanch run --help` lists the settings"
}
