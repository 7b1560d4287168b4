package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/nearest"
)

func TestANameIsFoundThatWasMeant(t *testing.T) {
	names := []string{"where", "summarize", "timestamp", "operation_Name", "preset"}
	for _, row := range []struct{ given, want, why string }{
		{"sumarize", "summarize", "a letter is missing"},
		{"wher", "where", "one of a short name"},
		{"timestmap", "timestamp", "neighbours that are swapped are one edit"},
		{"Timestamp", "timestamp", "case does not count"},
		{"operationName", "operation_Name", "a sign is missing"},
		{"WHRE", "where", "both"},
		{"zzz", "", "far from all"},
		{"p", "", "a letter is no name"},
		{"", "", "nothing is meant by nothing"},
		{strings.Repeat("where", 20), "", "no name is that long"},
	} {
		if got := nearest.To(row.given, names); got != row.want {
			t.Errorf("To(%q) = %q, want %q: %s", row.given, got, row.want, row.why)
		}
	}
	if got := nearest.To("cat", []string{"bat", "rat"}); got != "bat" {
		t.Errorf("To of two that are as near = %q, want the first", got)
	}
}

// What is found is of the list; a name of the list is found as itself, and with
// one letter more too.
func FuzzTo(f *testing.F) {
	f.Add("timestamp", "timestmap")
	f.Add("\xff", "é")
	f.Fuzz(func(t *testing.T, known, other string) {
		names := []string{known, "sumarize"}
		if got := nearest.To(other, names); got != "" && !slices.Contains(names, got) {
			t.Errorf("To(%q) = %q, which is none of %q", other, got, names)
		}
		if got := nearest.To(known, names); !strings.EqualFold(got, known) {
			t.Errorf("To(%q) = %q of %q", known, got, names)
		}
		if more := known + "x"; len(known) > 0 && len(more) <= 64 && known == strings.ToLower(known) {
			if got := nearest.To(more, []string{known}); got != known {
				t.Errorf("To(%q) = %q, want %q", more, got, known)
			}
		}
	})
}
