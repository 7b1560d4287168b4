// Package yamltree makes trees of parsed YAML.
//
// A file is anybody's: how deep things may lie in each other is bounded, and anchors,
// aliases and tags are named, not followed. Begin with [Of].
package yamltree

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/stanch-dev/stanch/internal/tree"
)

// Of is a parsed value. What lies deeper than so many mappings and lists is tree.Odd,
// and so is what trees do not have. A value that is not there is tree.Nothing at the
// beginning of the file.
func Of(n ast.Node, deepest int) tree.Node { return walk{deepest}.node(n, 0) }

// Value is that of a key. Where there is none, it is tree.Nothing at the key.
func Value(n *ast.MappingValueNode, deepest int) tree.Node {
	return walk{deepest}.entry(n, 0).Value
}

// Text is what a scalar says, without its quotes.
func Text(n ast.ScalarNode) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return n.GetToken().Value
}

type walk struct{ deepest int }

func (w walk) node(n ast.Node, depth int) tree.Node {
	if n == nil || n.GetToken() == nil {
		return tree.Node{Line: 1, Column: 1}
	}
	at := n.GetToken().Position
	out := tree.Node{Line: at.Line, Column: at.Column}
	if depth > w.deepest {
		out.Kind, out.Text = tree.Odd, "too deep"
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		out.Kind = tree.Map
		if len(n.Values) > 0 && !n.IsFlowStyle {
			// The token of a mapping is its first colon, which is nowhere that one looks.
			first := n.Values[0].Key.GetToken().Position
			out.Line, out.Column = first.Line, first.Column
		}
		for _, value := range n.Values {
			out.Entries = append(out.Entries, w.entry(value, depth+1))
		}
	case *ast.MappingValueNode:
		return w.node(ast.Mapping(n.GetToken(), false, n), depth)
	case *ast.SequenceNode:
		out.Kind = tree.List
		for _, item := range n.Values {
			out.Items = append(out.Items, w.node(item, depth+1))
		}
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode, *ast.MergeKeyNode:
		out.Kind, out.Text = tree.Odd, "an anchor, an alias or a tag of YAML"
	case ast.ScalarNode:
		out.Kind, out.Text = tree.Text, Text(n)
		out.First = first(n.GetToken(), out.Text)
	default:
		out.Kind, out.Text = tree.Odd, "a "+strings.ToLower(n.Type().String())
	}
	return out
}

func (w walk) entry(n *ast.MappingValueNode, depth int) tree.Entry {
	key := n.Key.GetToken()
	e := tree.Entry{Key: key.Value, Line: key.Position.Line, Column: key.Position.Column, Value: w.node(n.Value, depth)}
	if e.Value.Kind == tree.Nothing {
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
