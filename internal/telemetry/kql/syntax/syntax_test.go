package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
)

// queries are examples of every operator and every kind of expression.
var queries = []string{
	"requests",
	"requests | where timestamp > ago(1h) and success == false",
	"requests | where name has 'health' or not(url !contains \"x\") | take 10",
	`requests | where resultCode in ("500", "503") and operation_Name !in~ ("a")`,
	"requests | where duration between (5 .. 10.5) | project duration, ['a name'] = name, customDimensions.x['y z'][0]",
	"requests | summarize total = count(), percentiles(duration, 50, 95) by bin(timestamp, 5m), name",
	"requests | order by timestamp asc nulls last, name | top 3 by duration desc",
	"requests | extend (a, b) = series_fit_line(x), c = -(-1) - (-2)",
	"let f = (a: long, b: string = \"x\", T: (*)) { let c = a; T | where x > c }; f(1, requests)",
	"let f = (a: long, T: (x: long)) { T | where x > a }; let v = view () { print 1 }; f(1, (requests | take 1))",
	"let x = datatable(a: long, b: datetime, c: dynamic)[1, datetime(2026-01-01), dynamic({\"a\": [1, 2.5, null, true, 'q']})]; x",
	"print 1, a = 2.5, 3d, 10ms, datetime(2026-04-05 01:30), timespan(1.02:03:04), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), int(5), long(-1), real(nan), bool(true), decimal(1.50), dynamic(null), int(null)",
	"range x from 1 to 10 step 2 | as T | count",
	"union kind=outer withsource=Table isfuzzy=true requests, (traces | take 1), T* | distinct *",
	"search in (requests, traces) \"error\" and (name:\"x\" or duration > 5)",
	"requests | join kind=leftouter (traces | project operation_Id, message) on $left.operation_Id == $right.operation_Id, name",
	"requests | lookup kind=inner traces on operation_Id",
	"requests | mv-expand with_itemindex=i kind=bag a = x to typeof(long), y limit 5",
	"requests | mv-apply e = x to typeof(real) on (top 2 by e | summarize sum(e))",
	"requests | make-series n = count() default=0, avg(duration) on timestamp from ago(1d) to now() step 1h by name",
	"requests | make-series count() on timestamp in range(ago(1d), now(), 1h)",
	"traces | parse kind=regex flags=Ui message with * 'code ' code: long \" \" rest | parse-where message with a 'b' c",
	"requests | project-away a*, b | project-keep *x | project-rename n = name | project-reorder b desc, a* granny-asc",
	"requests | serialize n = row_number() | getschema",
	"requests | sample 5 | sample-distinct 3 of name | limit 1",
	"requests | partition by name (top 1 by duration) | invoke f(1)",
	"requests | render timechart with (title = \"a, b\", ycolumns = x, y, ymin = 0)",
	"print case(1 > 2, 'a', 'b'), x =~ 'Y', y !~ 'z', a matches regex 'b+', f(typeof(long), n = 1)",
	"set notruncation; set query_now = datetime(2026-01-01); print 1",
	"print h'secret', @'c:\\dir', ```many\nlines```, 'joined' \"text\", '\\u00e9\\n'",
	"T | where a in ((U | project a)) and b has_any (dynamic(['x'])) and c has_all ('y', 'z') // done",
	"T | where (a + b) * c / (d - (e - f)) % 2 == 1 and (a or b) and ((a == b) == c)",
}

func TestWhatParsesPrintsBackToItself(t *testing.T) {
	for _, q := range queries {
		s, err := syntax.Parse(q)
		if err != nil {
			t.Errorf("Parse(%q): %v", q, err)
			continue
		}
		once := syntax.Format(s)
		again, err := syntax.Parse(once)
		if err != nil {
			t.Errorf("%q prints as\n%s\nwhich does not parse: %v", q, once, err)
			continue
		}
		if twice := syntax.Format(again); twice != once {
			t.Errorf("%q prints as\n%s\nand that as\n%s", q, once, twice)
		}
	}
}

func TestErrorsPointAtThePlaceAndSayWhatToWrite(t *testing.T) {
	for _, c := range []struct{ query, at, message, hint string }{
		{"requests | where a = 1", "= 1", "|", "write =="},
		{"requests | sumarize count()", "sumarize", "there is no operator sumarize", "summarize"},
		{"requests\nwhere a == 1", "where", "a | is missing before where", "| where"},
		{"requests | where a AND b", "AND", "expected", "and"},
		{"requests | evaluate bag_unpack(x)", "evaluate", "stanch does not have the operator evaluate", ""},
		{"requests | make-graph a --> b", "make-graph", "make-graph", ""},
		{"print 'abc", "'abc", "does not end", "close it"},
		{"print \"a\nb\"", "\"a", "does not end on its line", "\\n"},
		{"print 'a\\qb'", "\\q", "escape", "\\\\"},
		{"print int(x)", "int(x)", "is no int", "toint(…)"},
		{"print datetime(2026-13-01)", "datetime(2026-13-01)", "is no datetime", ""},
		{"print 12abc", "12abc", "is no number", ""},
		{"print (1 + ", "", "an expression is expected", ""},
		{"requests | where x !foo 'a'", "!foo", "there is no operator !foo", ""},
		{"datatable(a: lang)[1]", "lang", "there is no type lang", "long"},
		{"cluster('x').database('y').T", "database", "no clusters", ""},
		{"print 1 # 2", "#", "no meaning", ""},
		{".show tables", ".", "management commands", ""},
		{"print a == b == c", "== c", "expected", ""},
	} {
		_, err := syntax.Parse(c.query)
		var e *syntax.Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) = %v, want a refusal", c.query, err)
			continue
		}
		if !strings.HasPrefix(c.query[e.Span.From:], c.at) {
			t.Errorf("Parse(%q) points at %q, want %q", c.query, c.query[e.Span.From:], c.at)
		}
		if !strings.Contains(e.Message, c.message) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("Parse(%q) says %q, hint %q; want %q and %q", c.query, e.Message, e.Hint, c.message, c.hint)
		}
	}
}

func TestTheCaretStandsUnderThePlace(t *testing.T) {
	text := "requests\n\t| where größe = 1"
	got := syntax.Caret(text, syntax.Span{From: strings.Index(text, "="), To: strings.Index(text, "=") + 1})
	if want := "\t| where größe = 1\n\t              ^\n"; got != want {
		t.Errorf("Caret:\n%q, want\n%q", got, want)
	}
	if line, column := syntax.Place(text, strings.Index(text, "=")); line != 2 || column != 16 {
		t.Errorf("Place = %d, %d, want 2, 16: columns are characters", line, column)
	}
	long := strings.Repeat("ä", 500) + "X" + strings.Repeat("ö", 500)
	cut := syntax.Caret(long, syntax.Span{From: 1000, To: 1001})
	if lines := strings.Split(cut, "\n"); len(cut) > 900 || !strings.Contains(lines[0], "X") {
		t.Errorf("Caret of a long line: %q, want it cut around the place", cut)
	}
}

func TestQueriesWithoutASemicolonBetweenThemAreTold(t *testing.T) {
	s, err := syntax.Parse("let a = 1;\nrequests\n| count\n\ntraces | count\nlet b = 2\nprint b")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Statements) != 5 || len(s.Joints) != 3 {
		t.Errorf("%d statements, %d joints; want 5 and 3", len(s.Statements), len(s.Joints))
	}
}

func TestWhatNestsTooDeepIsRefused(t *testing.T) {
	for _, q := range []string{
		"print " + strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000),
		"print " + strings.Repeat("-(", 10_000) + "1",
		"print dynamic(" + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + ")",
		"print a" + strings.Repeat("[0]", 10_000),
		"print " + strings.Repeat("f(", 10_000),
	} {
		var e *syntax.Error
		if _, err := syntax.Parse(q); !errors.As(err, &e) {
			t.Errorf("Parse(%.20q…) = %v, want a refusal", q, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, q := range queries {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		s, err := syntax.Parse(q)
		if err != nil {
			var e *syntax.Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("Parse(%q): %v, want a *syntax.Error with a message", q, err)
			}
			syntax.Caret(q, e.Span)
			return
		}
		once := syntax.Format(s)
		again, err := syntax.Parse(once)
		if err != nil {
			t.Fatalf("%q prints as\n%q\nwhich does not parse: %v", q, once, err)
		}
		if twice := syntax.Format(again); twice != once {
			t.Fatalf("%q prints as\n%q\nand that as\n%q", q, once, twice)
		}
	})
}
