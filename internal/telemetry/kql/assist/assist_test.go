package assist_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/assist"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestSuggestionsSuitThePlace(t *testing.T) {
	for _, test := range []struct {
		reason, text string // | is written ¦ where the cursor stands
		has, hasNot  []string
	}{
		{"a query begins with a table", "¦", []string{"requests", "traces", "let", "print"}, []string{"where", "timestamp"}},
		{"or with the beginning of one", "req¦", []string{"requests"}, []string{"traces"}},
		{"case does not matter", "FUNC¦", []string{"FunctionAppLogs"}, nil},
		{"behind a pipe stand operators", "requests | ¦", []string{"where", "summarize", "mv-expand"}, []string{"requests", "timestamp", "print"}},
		{"which may have hyphens", "requests | project-a¦", []string{"project-away"}, []string{"project-keep"}},
		{"behind an operator stand columns of the tables that are named", "requests | where dur¦", []string{"duration"}, []string{"message", "summarize"}},
		{"and functions", "requests | where ab¦", []string{"abs"}, nil},
		{"aggregates in a summarize", "requests | summarize cou¦", []string{"count", "countif"}, nil},
		{"and by", "requests | summarize count() b¦", []string{"by"}, []string{"timestamp"}},
		{"names that the text gave", "requests | summarize total = count() by name | where tot¦", []string{"total"}, nil},
		{"behind render stand charts", "requests | render ¦", []string{"timechart", "piechart"}, []string{"timestamp"}},
		{"in a join stand tables", "requests | join kind=inner (¦", []string{"traces", "dependencies"}, nil},
		{"in a text stands nothing", `requests | where name == "dur¦`, nil, []string{"duration"}},
		{"nor in a number", "requests | take 1¦", nil, []string{"1"}},
		{"a second query", "requests | count; tra¦", []string{"traces"}, nil},
		{"with text behind the cursor", "req¦ | where duration > 5", []string{"requests"}, nil},
		{"a minus is no hyphen", "requests | extend x = duration-dur¦", []string{"duration"}, nil},
	} {
		before, after, _ := strings.Cut(test.text, "¦")
		from, all := assist.Complete(before+after, len(before), schema.Tables())
		var texts []string
		for _, s := range all {
			texts = append(texts, s.Text)
			if prefix := before[from:]; !strings.EqualFold(s.Text[:len(prefix)], prefix) {
				t.Errorf("%s: Complete(%q) suggests %q in place of %q", test.reason, test.text, s.Text, prefix)
			}
		}
		for _, want := range test.has {
			if !slices.Contains(texts, want) {
				t.Errorf("%s: Complete(%q) = %q, want %s among them", test.reason, test.text, texts, want)
			}
		}
		for _, not := range test.hasNot {
			if slices.Contains(texts, not) {
				t.Errorf("%s: Complete(%q) = %q, %s is among them", test.reason, test.text, texts, not)
			}
		}
	}
}

func TestWordsAreWhatTheyLookLike(t *testing.T) {
	text := "let x = 5m; requests // all\n| where name has \"a \\\" b\" and duration-1 > 2.5 | mv-expand d | project-away strlen(name), by"
	want := map[string]assist.Class{
		"let": assist.Operator, "x": assist.Name, "5m": assist.Number, "requests": assist.Name, "// all": assist.Comment,
		"where": assist.Operator, "has": assist.Keyword, `"a \" b"`: assist.Text, "duration": assist.Name, "2.5": assist.Number,
		"mv-expand": assist.Operator, "project-away": assist.Operator, "strlen": assist.Function, "by": assist.Keyword, "|": assist.Mark,
	}
	for _, w := range assist.Words(text) {
		if class, told := want[w.Text]; told && class != w.Class {
			t.Errorf("Words: %q is of class %d, want %d", w.Text, w.Class, class)
		}
		delete(want, w.Text)
	}
	if len(want) > 0 {
		t.Errorf("Words(%q) does not have %v", text, want)
	}
}

// Whatever is typed, the words are the text, and completing it ends.
func FuzzWordsAreTheText(f *testing.F) {
	f.Add("requests | where a == 'b' // c", 10)
	f.Add("\"open\n@'x' h\"y", 3)
	f.Add("|project-", 9)
	f.Add("é-日本 | \xff", 4)
	f.Fuzz(func(t *testing.T, text string, at int) {
		var b strings.Builder
		for _, w := range assist.Words(text) {
			if w.From != b.Len() || w.Text == "" {
				t.Fatalf("Words(%q): %q is said to begin at %d, not %d", text, w.Text, w.From, b.Len())
			}
			b.WriteString(w.Text)
		}
		if b.String() != text {
			t.Errorf("Words(%q) put together are %q", text, b.String())
		}
		if from, _ := assist.Complete(text, at, schema.Tables()); from < 0 || from > len(text) {
			t.Errorf("Complete(%q, %d) begins at %d", text, at, from)
		}
	})
}
