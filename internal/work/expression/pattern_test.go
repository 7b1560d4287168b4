package expression_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/expression"
)

func TestAPatternTakesItsNamesOutOfAPath(t *testing.T) {
	for _, row := range []struct {
		pattern, path string
		want          map[string]string // nil: no match
		why           string
	}{
		{"images", "a/b.jpg", map[string]string{}, "a container alone means every blob"},
		{"images/cat.jpg", "cat.jpg", map[string]string{}, "a fixed path"},
		{"images/cat.jpg", "Cat.jpg", nil, "paths have a case"},
		{"images/{name}", "foo.csv", map[string]string{"name": "foo.csv"}, "to the end"},
		{"images/{name}.csv", "foo.alpha.csv", map[string]string{"name": "foo.alpha"}, "up to the extension"},
		{"images/{a}.{b}", "foo.alpha.beta.csv", map[string]string{"a": "foo.alpha.beta", "b": "csv"}, "the first name is greedy"},
		{"images/{name}.txt", "bob.txtoutput", nil, "the end counts"},
		{"images/{name}-{date}.csv", "foo-Jan1st.csv", map[string]string{"name": "foo", "date": "Jan1st"}, ""},
		{"images/{name}/foo/{skip}.{ext}", "name/foo/skip/bar.txt", map[string]string{"name": "name", "skip": "skip/bar", "ext": "txt"}, "names may have slashes"},
		{"images/{name}/foo/{skip}.{ext}", "foo/foo/bar.txt", map[string]string{"name": "foo", "skip": "bar", "ext": "txt"}, ""},
		{"images/{name}.{ext}-/{other}", "foo.bar.txt-/asd-/ijij", map[string]string{"name": "foo.bar", "ext": "txt-/asd", "other": "ijij"}, ""},
		{"images/{name}.-/", "foo.bar.-/txt", nil, ""},
		{"images/in/{name}", "in/", map[string]string{"name": ""}, "a name may be nothing"},
		{"images/{a}{b}", "xyz", map[string]string{"a": "xyz", "b": ""}, "the first gets all"},
		{"images/aa{n}aa", "aaa", nil, "the ends don't overlap"},
		{"images/{{{n}}}", "{x}", map[string]string{"n": "x"}, "braces in a path"},
		{"images/images/{n}", "images/x", map[string]string{"n": "x"}, "a folder with the container's name"},
	} {
		p, err := expression.ParsePattern(row.pattern)
		if err != nil {
			t.Errorf("ParsePattern(%q): %v", row.pattern, err)
			continue
		}
		got, matched := p.Match(row.path)
		if diff := cmp.Diff(row.want, got); diff != "" || matched != (row.want != nil) {
			t.Errorf("%q on %q: matched %v (-want +got) %s\n%s", row.pattern, row.path, matched, row.why, diff)
		}
		if p.Container() != "images" {
			t.Errorf("%q: Container = %q, want images", row.pattern, p.Container())
		}
		if matched && !strings.HasPrefix(row.path, p.Prefix()) {
			t.Errorf("%q: Prefix %q is none of %q", row.pattern, p.Prefix(), row.path)
		}
	}
}

func TestAPatternKnowsItsNames(t *testing.T) {
	p, err := expression.ParsePattern("images/in/{name}.{ext}")
	if err != nil {
		t.Fatal(err)
	}
	want := []expression.Name{{Text: "name", First: "name", Column: 11}, {Text: "ext", First: "ext", Column: 18}}
	if diff := cmp.Diff(want, p.Names()); diff != "" {
		t.Errorf("Names (-want +got)\n%s", diff)
	}
	if p.Prefix() != "in/" {
		t.Errorf("Prefix = %q, want in/", p.Prefix())
	}
}

func TestAMistakeInAPatternIsShownWhereItIs(t *testing.T) {
	for _, row := range []struct {
		text   string
		column int
		part   string
	}{
		{"", 1, "no path"},
		{"/", 1, "no path"},
		{"/x", 1, "no path"},
		{"images/", 1, "no path"},
		{`images\cat`, 7, `\`},
		{"{c}/x", 1, "can't be a pattern"},
		{"im{c}/x", 3, "can't be a pattern"},
		{"Images/{n}", 1, "lower-case"},
		{"images/{n", 8, "without a }"},
		{"images/{a.b}", 8, "names alone"},
		{"images/{a:N}", 8, "names alone"},
		{"images/{a:}", 8, "names alone"},
		{"images/{rand-guid}", 8, "new value"},
		{"images/{datetime}", 8, "new value"},
		{"images/{n}/{N}", 12, "twice"},
	} {
		_, err := expression.ParsePattern(row.text)
		var mistake *expression.Error
		if !errors.As(err, &mistake) || mistake.Column != row.column || !strings.Contains(err.Error(), row.part) {
			t.Errorf("ParsePattern(%q): %v, want column %d and %q", row.text, err, row.column, row.part)
		}
	}
}

// Azure makes a regular expression of a pattern, with (.*) for each name.
func FuzzAPatternMatchesAsTheRegularExpressionDoes(f *testing.F) {
	f.Add("{a}.{b}", "foo.bar.txt")
	f.Add("in/{a}-/{b}x{c}", "in/q-/-/wxyxz")
	f.Add("aa{n}aa", "aaa")
	f.Add("{a}{b}", "\n")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		p, err := expression.ParsePattern("images/" + pattern)
		if err != nil || len(p.Names()) == 0 || !utf8.ValidString(path) {
			return
		}
		var text strings.Builder
		rest := "images/" + pattern
		from := len("images/")
		for _, name := range p.Names() {
			text.WriteString(quote(rest[from : name.Column-1]))
			text.WriteString("(.*)")
			from = name.Column - 1 + len(name.Text) + 2
		}
		text.WriteString(quote(rest[from:]))
		want := regexp.MustCompile("(?s)^" + text.String() + "$").FindStringSubmatch(path)
		got, matched := p.Match(path)
		if matched != (want != nil) {
			t.Fatalf("%q on %q: matched %v, want %v", pattern, path, matched, want != nil)
		}
		for i, name := range p.Names() {
			if matched && got[name.First] != want[i+1] {
				t.Fatalf("%q on %q: %s = %q, want %q", pattern, path, name.First, got[name.First], want[i+1])
			}
		}
	})
}

func quote(literal string) string {
	return regexp.QuoteMeta(strings.NewReplacer("{{", "{", "}}", "}").Replace(literal))
}
