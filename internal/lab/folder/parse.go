package folder

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/tree/yamltree"
)

const (
	deepest = 10  // mappings and lists in each other; an experiment has seven
	brakes  = 200 // brackets that a file may open within each other, before it is parsed
)

// Parse reads the YAML of a file with this name, for messages. What its values mean
// is not looked at. It is safe for any text.
func Parse(name string, text []byte) (s tree.Source, err error) {
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
	s = tree.Source{File: name, Root: tree.Node{Line: 1, Column: 1}}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case s.Root.Kind != tree.Nothing:
			return s, fmt.Errorf("%s:%d: a second document begins here, and a file has one\nhint: take out the line ---", name, doc.Body.GetToken().Position.Line)
		default:
			s.Root = yamltree.Of(doc.Body, deepest)
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
