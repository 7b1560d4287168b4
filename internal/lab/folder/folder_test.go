package folder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/tree"
)

// told writes a tree with its places.
func told(n tree.Node) string {
	place := fmt.Sprintf("%d:%d", n.Line, n.Column)
	switch n.Kind {
	case tree.Text:
		return fmt.Sprintf("%q@%s", n.Text, place)
	case tree.Odd:
		return n.Text + "@" + place
	case tree.Map:
		var parts []string
		for _, e := range n.Entries {
			parts = append(parts, fmt.Sprintf("%s@%d:%d=%s", e.Key, e.Line, e.Column, told(e.Value)))
		}
		return "{" + strings.Join(parts, " ") + "}@" + place
	case tree.List:
		var parts []string
		for _, item := range n.Items {
			parts = append(parts, told(item))
		}
		return "[" + strings.Join(parts, " ") + "]@" + place
	}
	return "nothing@" + place
}

func TestAFileIsATreeWithPlaces(t *testing.T) {
	tests := []struct{ why, text, want string }{
		{"keys and values", "a: 1\nb: {c: x}\n", `{a@1:1="1"@1:4 b@2:1={c@2:5="x"@2:8}@2:4}@1:1`},
		{"a list of mappings", "a:\n  - {b: 1}\n  - c: 2\n", `{a@1:1=[{b@2:6="1"@2:9}@2:5 {c@3:5="2"@3:8}@3:5]@2:3}@1:1`},
		{"a value that is not there stands at its key", "a: 1\nb:\n", `{a@1:1="1"@1:4 b@2:1=nothing@2:1}@1:1`},
		{"what YAML takes for a flag is a text", "a: on\nb: \"x\"\n", `{a@1:1="on"@1:4 b@2:1="x"@2:4}@1:1`},
		{"an anchor is not followed", "a: &x 1\nb: *x\n", "{a@1:1=an anchor, an alias or a tag of YAML@1:4 b@2:1=an anchor, an alias or a tag of YAML@2:4}@1:1"},
		{"a file of comments", "# nothing\n", "nothing@1:1"},
		{"an empty file", "", "nothing@1:1"},
		{"a list", "- 1\n", `["1"@1:3]@1:1`},
	}
	for _, test := range tests {
		s, err := folder.Parse("e.yaml", []byte(test.text))
		if err != nil {
			t.Errorf("%s: Parse(%q): %v", test.why, test.text, err)
			continue
		}
		if diff := cmp.Diff(test.want, told(s.Root)); diff != "" {
			t.Errorf("%s: Parse(%q) (-want +got):\n%s", test.why, test.text, diff)
		}
	}
}

func TestWhatIsNoYAMLIsRefusedWithItsLineAndWithoutItsText(t *testing.T) {
	tests := []struct{ why, text, want string }{
		{"a bracket that is open", "a: 1\nb: [hunter2\n", "e.yaml:2: this is not YAML: "},
		{"two documents", "a: 1\n---\nb: 2\n", "e.yaml:3: a second document begins here"},
		{"brackets without end", strings.Repeat("[", 1_000_000), "e.yaml: brackets, dashes or colons lie in each other too deep"},
		{"dashes without end", strings.Repeat("- ", 500_000), "e.yaml: brackets, dashes or colons lie in each other too deep"},
	}
	for _, test := range tests {
		_, err := folder.Parse("e.yaml", []byte(test.text))
		if got := fmt.Sprint(err); !strings.Contains(got, test.want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: Parse gives %s, want %s", test.why, got, test.want)
		}
	}
}

// A lab is found by its file, its folder and its name.
func TestALabIsFound(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"labs/oom/app", "labs/notes", "own"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"labs/oom/experiment.yaml", "own/experiment.yaml", "own/other.yaml"} {
		if err := os.WriteFile(file, []byte("name: x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("large.yaml", make([]byte, 2<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"oom": "labs/oom/experiment.yaml", "labs/oom": "labs/oom/experiment.yaml", "own": "own/experiment.yaml", "own/other.yaml": "own/other.yaml",
	} {
		l, err := folder.Open(name)
		if err != nil || filepath.ToSlash(l.Path) != want {
			t.Errorf("Open(%s) = %+v, %v; want %s", name, l, err, want)
		}
	}
	for name, want := range map[string]string{
		"omm":        "there is no experiment omm\nhint: did you mean oom?",
		"labs/notes": "there is no experiment labs/notes\nhint: a file, a folder with experiment.yaml",
		"large.yaml": "large.yaml is larger than 1MiB",
	} {
		if _, err := folder.Open(name); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("Open(%s): %v, want %s", name, err, want)
		}
	}
	l, err := folder.Open("oom")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".": true, "app": true, "nowhere": false, "experiment.yaml": false} {
		if got := l.Has(name); got != want {
			t.Errorf("Has(%s) = %v, want %v", name, got, want)
		}
	}
	for root, want := range map[string][]string{"labs": {"labs/oom/experiment.yaml"}, "own": {"own/experiment.yaml"}, "nowhere": nil} {
		if got, err := folder.List(root); err != nil || !cmp.Equal(got, want) {
			t.Errorf("List(%s) = %v, %v; want %v", root, got, err, want)
		}
	}
}

// No text brings the parser down, and a tree is no deeper than it may be.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a: 1", "- {a: [1, {b: c}]}", "a: &x 1\nb: *x", "? [a]\n: b", "a: |\n  x\n  y\n", "--- !t {a: b}\n...\n", "<<: {a: b}", "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: {k: {l: m}}}}}}}}}}}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := folder.Parse("e.yaml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "e.yaml") {
				t.Fatalf("the error %q does not say which file", err)
			}
			return
		}
		var walk func(n tree.Node, depth int)
		walk = func(n tree.Node, depth int) {
			if depth > 12 || n.Line < 1 {
				t.Fatalf("%s at depth %d in line %d", told(n), depth, n.Line)
			}
			for _, e := range n.Entries {
				walk(e.Value, depth+1)
			}
			for _, item := range n.Items {
				walk(item, depth+1)
			}
		}
		walk(s.Root, 0)
	})
}
