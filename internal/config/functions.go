package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/manifest"
)

// functionsKey is the key of stanch.yaml that has a structure of its own.
const functionsKey = "functions"

// functions takes in `functions:`, and reports what is wrong in the file itself.
// What settings (%NAME%) become is seen by who reads it again with them.
func (r *Run) functions(name string, entry *ast.MappingValueNode) error {
	r.Functions = manifest.Source{File: name, Root: below(entry, 0).Value}
	_, mistakes := manifest.Read(r.Functions, nil)
	return funcapp.Faults(mistakes)
}

// deepest is how far mappings and lists may lie in each other.
const deepest = 8

// node is YAML as manifest reads it: texts, mappings and lists with their places.
func node(n ast.Node, depth int) manifest.Node {
	at := n.GetToken().Position
	out := manifest.Node{Line: at.Line, Column: at.Column}
	if depth > deepest {
		out.Kind, out.Text = manifest.Odd, "too deep"
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		out.Kind = manifest.Map
		if len(n.Values) > 0 && !n.IsFlowStyle {
			// The token of a mapping is its first colon, which is nowhere that one looks.
			first := n.Values[0].Key.GetToken().Position
			out.Line, out.Column = first.Line, first.Column
		}
		for _, value := range n.Values {
			out.Entries = append(out.Entries, below(value, depth+1))
		}
	case *ast.MappingValueNode:
		return node(ast.Mapping(n.GetToken(), false, n), depth)
	case *ast.SequenceNode:
		out.Kind = manifest.List
		for _, item := range n.Values {
			out.Items = append(out.Items, node(item, depth+1))
		}
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode, *ast.MergeKeyNode:
		out.Kind, out.Text = manifest.Odd, "an anchor, an alias or a tag of YAML"
	case ast.ScalarNode:
		out.Kind, out.Text = manifest.Text, scalarText(n)
		out.First = first(n.GetToken(), out.Text)
	default:
		out.Kind, out.Text = manifest.Odd, "a "+strings.ToLower(n.Type().String())
	}
	return out
}

// below is a key and its value. Where there is none, it stands at the key.
func below(n *ast.MappingValueNode, depth int) manifest.Entry {
	key := n.Key.GetToken()
	e := manifest.Entry{Key: key.Value, Line: key.Position.Line, Column: key.Position.Column, Value: node(n.Value, depth)}
	if e.Value.Kind == manifest.Nothing {
		e.Value.Line, e.Value.Column = e.Line, e.Column
	}
	return e
}

// first is the column of a scalar's first byte; 0 if it does not stand in the file
// as it is: escapes move it, and so do line ends.
func first(t *token.Token, text string) int {
	switch strings.Trim(t.Origin, " \t\r\n") {
	case text:
		return t.Position.Column
	case `"` + text + `"`, "'" + text + "'":
		return t.Position.Column + 1
	}
	return 0
}
