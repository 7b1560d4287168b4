package kql_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/bind"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
)

var update = flag.Bool("update", false, "write docs/reference/kql.md")

const reference = "../../../docs/reference/kql.md"

// The reference lists what there is, so that nobody has to try.
func TestTheReferenceListsWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- lists -->\n", "<!-- end of lists -->\n"
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the lists", reference)
	}
	want := before + begin + lists() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what there is; write it with go test ./internal/telemetry/kql -run Reference -update", reference)
	}
	if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func lists() string {
	var b strings.Builder
	section := func(title string, names []string) {
		slices.Sort(names)
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		line := ""
		for i, name := range slices.Compact(names) {
			item := "`" + name + "`"
			if i > 0 {
				item = ", " + item
			}
			if len(line)+len(item) > 96 {
				b.WriteString(line + ",\n")
				line, item = "", strings.TrimPrefix(item, ", ")
			}
			line += item
		}
		b.WriteString(line + "\n")
	}
	section("Operators", append(syntax.OperatorNames(), "print", "range", "datatable", "union", "search"))
	section("Scalar functions", append(append(function.Names(), bind.SpecialNames()...), "materialize"))
	section("Aggregates", aggregate.Names())
	b.WriteString("\n")
	return b.String()
}
