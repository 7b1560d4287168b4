package kql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/casefile"
)

func TestAQueryThatNeedsTooMuchMemoryEndsInAnError(t *testing.T) {
	for _, q := range []string{
		"let T = range x from 1 to 1000000000 step 1; T | join kind=inner T on x | count",
		"range x from 1 to 1000000000 step 1 | sort by x desc",
		"range x from 1 to 1000000000 step 1 | summarize count() by x",
		"range x from 1 to 1000000000 step 1 | summarize dcount(x)",
		"range x from 1 to 1000000000 step 1 | summarize make_list(strcat('a text that is longer than a number: ', x)) by x % 1000",
		"range x from 1 to 1000000000 step 1 | serialize n = row_number()",
		"range x from 1 to 1000000000 step 1 | extend l = range(1, 100000) | mv-expand l",
		"range x from 1 to 1000000000 step 1 | distinct x",
		"let t = materialize(range x from 1 to 1000000000 step 1); t | count",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		compiled, _, err := kql.Compile(q, kql.Options{MemoryLimit: 8 << 20})
		if err != nil {
			t.Errorf("Compile(%q): %v", q, err)
			cancel()
			continue
		}
		_, err = compiled[0].Run(ctx)
		var e *kql.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, "8MiB") || e.Hint == "" {
			t.Errorf("Run(%q) = %v, want an error that names the limit and what to do", q, err)
		}
		cancel()
	}
}

func TestATopOfManyNeedsLittle(t *testing.T) {
	compiled, _, err := kql.Compile("range x from 1 to 2000000 step 1 | top 3 by x desc | project x", kql.Options{MemoryLimit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r, err := compiled[0].Run(t.Context())
	if err != nil || len(r.Rows) != 3 || r.Rows[0][0].Long() != 2000000 {
		t.Errorf("%v, %v; want the three greatest within a megabyte", r, err)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	compiled, _, err := kql.Compile("range x from 1 to 100000000000 step 1 | count", kql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := compiled[0].Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want the context's error", err)
	}
}

func TestTextsThatAreNoQueriesAreRefused(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"10 MB", "print '" + strings.Repeat("x", 10<<20) + "'", "bytes long"},
		{"nothing", "", "no query"},
		{"a comment", "// nothing", "no query"},
		{"a let alone", "let a = 1;", "no query"},
		{"NUL bytes", "print \x00", "no meaning"},
		{"no UTF-8", "print \xff\xfe", "no meaning"},
		{"10,000 brackets", "print " + strings.Repeat("(", 10_000), "nests deeper"},
		{"a long chain of ands", "print " + strings.Repeat("true and ", 20_000) + "x", "too deep"},
		{"tables that name each other", func() string {
			var b strings.Builder
			b.WriteString("let t0 = print x = 1;\n")
			for i := 1; i < 40; i++ {
				b.WriteString("let t" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + " = union " + prev(i) + ", " + prev(i) + ";\n")
			}
			return b.String() + "t39"
		}(), "too big"},
		{"a function that calls itself", "let f = (x: long) { f(x) }; print f(1)", "f"},
		{"a pattern that explodes", `print "x" matches regex "((a{0,1000}){0,1000}){0,1000}"`, "regular expression"},
	} {
		began := time.Now()
		_, _, err := kql.Compile(c.text, kql.Options{Source: casefile.Schema()})
		var e *kql.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Compile = %.200v, want a refusal that says %q", c.why, err, c.want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: refused after %v", c.why, took)
		}
	}
}

func prev(i int) string {
	if i == 1 {
		return "t0"
	}
	return "t" + string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10))
}

func TestARefusalShowsThePlace(t *testing.T) {
	_, _, err := kql.Compile("requests\n| where durationn > 5", kql.Options{Source: casefile.Schema()})
	want := "line 2, column 9: there is no column, table or variable durationn (KS142)\n  | where durationn > 5\n          ^^^^^^^^^\n  hint: did you mean duration?"
	if err == nil || err.Error() != want {
		t.Errorf("Compile = %v\nwant %s", err, want)
	}
}

func FuzzCompile(f *testing.F) {
	all, err := casefile.Load("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range all {
		f.Add(c.KQL)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compiled, _, err := kql.Compile(text, kql.Options{Source: casefile.Schema(), Now: now, MemoryLimit: 4 << 20})
		if err != nil {
			var e *kql.Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("Compile(%q) = %v, want a *kql.Error with a message", text, err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, q := range compiled {
			q.Explain()
			if r, err := q.Run(ctx); err == nil {
				for _, row := range r.Rows {
					if len(row) != len(r.Columns) {
						t.Fatalf("%q gives a row of %d values for %d columns", text, len(row), len(r.Columns))
					}
				}
			}
		}
	})
}
