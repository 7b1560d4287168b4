package folder

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stanch-dev/stanch/internal/lab/experiment"
)

const (
	deepest = 10  // mappings and lists in each other; an experiment has seven
	brakes  = 200 // brackets that a file may open within each other, before it is parsed
)

// Parse reads the YAML of a file with this name, for messages. What its values mean
// is not looked at. It is safe for any text.
func Parse(name string, text []byte) (s experiment.Source, err error) {
	defer func() {
		// The parser is somebody else's, and the file is anybody's.
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: this YAML can't be read", name)
		}
	}()
	if err := shallow(text); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return s, fmt.Errorf("%s%s", name, syntax(err))
	}
	s = experiment.Source{File: name, Root: experiment.Node{Line: 1, Column: 1}}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case s.Root.Kind != experiment.Nothing:
			return s, fmt.Errorf("%s:%d: a second document begins here, and a file has one\nhint: take out the line ---", name, doc.Body.GetToken().Position.Line)
		default:
			s.Root = node(doc.Body, 0)
		}
	}
	return s, nil
}

// syntax is what the parser found, without the source: the line may hold a secret.
func syntax(err error) string {
	var found yaml.Error
	if errors.As(err, &found) && found.GetToken() != nil {
		return fmt.Sprintf(":%d: this is not YAML: %s", found.GetToken().Position.Line, found.GetMessage())
	}
	return ": this is not YAML"
}

// shallow refuses what opens so many brackets, or is indented so far, that a parser
// that calls itself would go too deep.
func shallow(text []byte) error {
	open, dashes := 0, 0
	for _, c := range text {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(open-1, 0)
		case '\n':
			dashes = 0
		case '-', '?', ':':
			dashes++
		}
		if open > brakes || dashes > 4*brakes {
			return errors.New("brackets, dashes or colons lie in each other too deep for an experiment")
		}
	}
	return nil
}

// node is YAML as experiment reads it.
func node(n ast.Node, depth int) experiment.Node {
	if n == nil || n.GetToken() == nil {
		return experiment.Node{Line: 1, Column: 1}
	}
	at := n.GetToken().Position
	out := experiment.Node{Line: at.Line, Column: at.Column}
	if depth > deepest {
		out.Kind, out.Text = experiment.Odd, "too deep"
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		out.Kind = experiment.Map
		if len(n.Values) > 0 && !n.IsFlowStyle {
			// The token of a mapping is its first colon, which is nowhere that one looks.
			first := n.Values[0].Key.GetToken().Position
			out.Line, out.Column = first.Line, first.Column
		}
		for _, value := range n.Values {
			out.Entries = append(out.Entries, entry(value, depth+1))
		}
	case *ast.MappingValueNode:
		return node(ast.Mapping(n.GetToken(), false, n), depth)
	case *ast.SequenceNode:
		out.Kind = experiment.List
		for _, item := range n.Values {
			out.Items = append(out.Items, node(item, depth+1))
		}
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode, *ast.MergeKeyNode:
		out.Kind, out.Text = experiment.Odd, "an anchor, an alias or a tag of YAML"
	case ast.ScalarNode:
		out.Kind, out.Text = experiment.Text, scalar(n)
	default:
		out.Kind, out.Text = experiment.Odd, "a "+strings.ToLower(n.Type().String())
	}
	return out
}

// entry is a key and its value. Where there is none, it stands at the key.
func entry(n *ast.MappingValueNode, depth int) experiment.Entry {
	key := n.Key.GetToken()
	e := experiment.Entry{Key: key.Value, Line: key.Position.Line, Column: key.Position.Column, Value: node(n.Value, depth)}
	if e.Value.Kind == experiment.Nothing {
		e.Value.Line, e.Value.Column = e.Line, e.Column
	}
	return e
}

func scalar(n ast.ScalarNode) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return n.GetToken().Value
}
