package kql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/casefile"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// now is the moment at which the tests' queries are asked.
const now = value.Epoch + 1_775_000_000*value.Second

func TestCasesGiveWhatTheySay(t *testing.T) {
	all, err := casefile.Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.ID, func(t *testing.T) {
			queries, warnings, err := kql.Compile(c.KQL, kql.Options{Source: casefile.Schema(), Now: now})
			if c.Error != "" {
				var e *kql.Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), c.Error) {
					t.Fatalf("Compile(%q) = %v, want a refusal that says %q", c.KQL, err, c.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("Compile(%q): %v", c.KQL, err)
			}
			if len(warnings) > 0 && len(c.Warnings) == 0 {
				t.Errorf("warnings %v, want none", warnings)
			}
			for _, want := range c.Warnings {
				found := false
				for _, w := range warnings {
					found = found || strings.Contains(w.Message+" "+w.Instead, want)
				}
				if !found {
					t.Errorf("warnings %v, want one that says %q", warnings, want)
				}
			}
			for i, q := range queries {
				r, err := q.Run(context.Background())
				if err != nil {
					t.Fatalf("Run(%q): %v", q.Text, err)
				}
				if !c.HasRows || i < len(queries)-1 {
					continue
				}
				var got []string
				for _, row := range r.Rows {
					got = append(got, string(value.Array(row).AppendJSON(nil)))
				}
				if g, w := strings.Join(got, "\n"), strings.Join(c.Rows, "\n"); g != w {
					t.Errorf("%s\ngot\n%s\nwant\n%s", c.KQL, g, w)
				}
			}
		})
	}
}

func TestStrictRefusesTheHabits(t *testing.T) {
	all, err := casefile.Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if len(c.Warnings) == 0 {
			continue
		}
		_, _, err := kql.Compile(c.KQL, kql.Options{Source: casefile.Schema(), Now: now, Strict: true})
		var e *kql.Error
		if !errors.As(err, &e) || e.Line == 0 || e.Hint == "" {
			t.Errorf("strict Compile(%q) = %v, want a refusal with its place and what to write", c.KQL, err)
		}
	}
}
