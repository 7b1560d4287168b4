package yamltree_test

import (
	"testing"

	"github.com/goccy/go-yaml/parser"
	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/tree/yamltree"
)

func read(t *testing.T, text string, deepest int) tree.Node {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return yamltree.Of(file.Docs[0].Body, deepest)
}

func TestEveryValueKnowsItsPlace(t *testing.T) {
	got := read(t, "name: 'one'\nsizes:\n  - 5MiB\n  - \"a\\tb\"\nnone:\nalso: &x {in: *x}\n", 4)
	want := tree.Node{Kind: tree.Map, Line: 1, Column: 1, Entries: []tree.Entry{
		{Key: "name", Line: 1, Column: 1, Value: tree.Node{Kind: tree.Text, Text: "one", Line: 1, Column: 7, First: 8}},
		{Key: "sizes", Line: 2, Column: 1, Value: tree.Node{Kind: tree.List, Line: 3, Column: 3, Items: []tree.Node{
			{Kind: tree.Text, Text: "5MiB", Line: 3, Column: 5, First: 5},
			{Kind: tree.Text, Text: "a\tb", Line: 4, Column: 5}, // its bytes do not stand there
		}}},
		{Key: "none", Line: 5, Column: 1, Value: tree.Node{Kind: tree.Nothing, Line: 5, Column: 1}},
		{Key: "also", Line: 6, Column: 1, Value: tree.Node{Kind: tree.Odd, Text: "an anchor, an alias or a tag of YAML", Line: 6, Column: 7}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Of (-want +got):\n%s", diff)
	}
}

func TestWhatLiesTooDeepIsNotFollowed(t *testing.T) {
	n := read(t, "[[[[x]]]]", 2)
	for range 3 {
		if n.Kind != tree.List || len(n.Items) != 1 {
			t.Fatalf("Of: %s, want a list", n.Is())
		}
		n = n.Items[0]
	}
	if n.Is() != "too deep" {
		t.Errorf("Of: the fourth list is %s, want it too deep", n.Is())
	}
}

func TestAnOverlaidNodeLeavesTheOneThatItWasMadeOf(t *testing.T) {
	n := read(t, "a: [b]", 4)
	over := n.Overlaid()
	if !over.Over || !over.Value("a").Over || !over.Value("a").Items[0].Over {
		t.Errorf("Overlaid: %+v, want all of it marked", over)
	}
	if n.Over || n.Value("a").Over || n.Value("a").Items[0].Over {
		t.Errorf("Overlaid changed the node: %+v", n)
	}
}
