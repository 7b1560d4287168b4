package ndjson_test

import (
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var events = schema.Table{Name: "events", Time: "timestamp", Columns: []schema.Column{
	{Name: "timestamp", Type: schema.Datetime},
	{Name: "duration", Type: schema.Real},
	{Name: "success", Type: schema.String},
	{Name: "count", Type: schema.Long},
	{Name: "small", Type: schema.Int},
	{Name: "name", Type: schema.String},
	{Name: "ok", Type: schema.Bool},
	{Name: "more", Type: schema.Dynamic},
}}

func all() []int { return []int{0, 1, 2, 3, 4, 5, 6, 7} }

func read(t *testing.T, s *ndjson.Scanner, block string, ordered bool) (rows []string) {
	t.Helper()
	err := s.Rows([]byte(block), ordered, func(row []value.Value) error {
		rows = append(rows, string(value.Array(row).AppendJSON(nil)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestALineIsReadByItsColumnsTypes(t *testing.T) {
	for _, c := range []struct{ why, line, want string }{
		{
			"as the store writes it", `{"timestamp":"2026-04-05T01:30:00.1234567Z","duration":12.5,"success":"True","count":3,"small":-7,"name":"GET /","ok":true,"more":{"a":[1]}}`,
			`["2026-04-05T01:30:00.1234567Z",12.5,"True",3,-7,"GET /",true,{"a":[1]}]`,
		},
		{"columns may be missing", `{"timestamp":"2026-04-05T01:30:00Z","name":"x"}`, `["2026-04-05T01:30:00.0000000Z",null,"",null,null,"x",null,null]`},
		{"in any order, with spaces", `{ "name" : "x" , "duration": 1e3 , "timestamp":"2026-04-05 01:30" }`, `["2026-04-05T01:30:00.0000000Z",1000.0,"",null,null,"x",null,null]`},
		{"escapes", `{"name":"a\"b\\c\n\u00e9\ud83d\ude00"}`, `[null,null,"",null,null,"a\"b\\c\né😀",null,null]`},
		{"a backslash at the end of a text", `{"success":"c:\\","name":"x"}`, `[null,null,"c:\\",null,null,"x",null,null]`},
		{"nobody asked for these", `{"other":{"duration":5},"duration":2,"x":[1,"}"]}`, `[null,2.0,"",null,null,"",null,null]`},
		{"numbers as texts, as Azure exports them", `{"duration":"2.5","count":"4","ok":"true","more":"{\"a\":1}"}`, `[null,2.5,"",4,null,"",true,{"a":1}]`},
		{"a truth in a column of texts", `{"success":false}`, `[null,null,"False",null,null,"",null,null]`},
		{"nulls", `{"timestamp":null,"duration":null,"success":null}`, `[null,null,"",null,null,"",null,null]`},
		{"a number too long for the fast path", `{"duration":0.12345678901234567890,"count":9223372036854775807}`, `[null,0.12345678901234568,"",9223372036854775807,null,"",null,null]`},
		{"an empty object", `{}`, `[null,null,"",null,null,"",null,null]`},
	} {
		for _, ordered := range []bool{true, false} {
			s := ndjson.New(events, all())
			if got := read(t, s, c.line+"\n", ordered); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s (ordered %v): %s\ngot  %v\nwant %s", c.why, ordered, c.line, got, c.want)
			}
			if s.Skipped() != (ndjson.Skipped{}) {
				t.Errorf("%s: %+v was skipped, want nothing", c.why, s.Skipped())
			}
		}
	}
}

func TestWhatCantBeReadIsCounted(t *testing.T) {
	for _, c := range []struct {
		why, block   string
		rows         int
		lines, value int64
	}{
		{"a torn line at the end", `{"name":"a"}` + "\n" + `{"name":"b`, 1, 1, 0},
		{"no object", "5\n[1]\n\"x\"\nnull\n", 0, 4, 0},
		{"NUL bytes", "\x00\x00\x00\n" + `{"name":"a"}` + "\n", 1, 1, 0},
		{"a number in a column of moments", `{"timestamp":"soon","duration":1}` + "\n", 1, 0, 1},
		{"too big for an int", `{"small":3000000000}` + "\n", 1, 0, 1},
		{"empty lines are none", "\n\n" + `{"name":"a"}` + "\r\n\n", 1, 0, 0},
		{"a line beyond the limit", `{"name":"` + strings.Repeat("x", ndjson.MaxLine) + `"}` + "\n" + `{"name":"a"}`, 1, 1, 0},
	} {
		s := ndjson.New(events, all())
		if got := read(t, s, c.block, false); len(got) != c.rows {
			t.Errorf("%s: %d rows, want %d: %.200v", c.why, len(got), c.rows, got)
		}
		if got := s.Skipped(); got.Lines != c.lines || got.Values != c.value {
			t.Errorf("%s: skipped %+v, want %d lines and %d values", c.why, got, c.lines, c.value)
		}
	}
}

func TestAColumnNobodyWantsIsNotRead(t *testing.T) {
	s := ndjson.New(events, []int{1})
	got := read(t, s, `{"timestamp":"nonsense","duration":1.5,"count":"nonsense"}`+"\n"+`{"name":"no duration"}`+"\n", true)
	if len(got) != 2 || got[0] != `[null,1.5,"",null,null,"",null,null]` || got[1] != `[null,null,"",null,null,"",null,null]` {
		t.Errorf("rows %v, want the duration alone, and that of the row before forgotten", got)
	}
	if s.Skipped() != (ndjson.Skipped{}) {
		t.Errorf("skipped %+v, want nothing: the rest was not looked at", s.Skipped())
	}
}

func TestOrderHoldsForWhatTheStoreWritesAndNothingElse(t *testing.T) {
	order := ndjson.NewOrder(events)
	for _, c := range []struct {
		why, block string
		want       bool
	}{
		{"in order", `{"timestamp":"2026-04-05T01:30:00Z","duration":1,"name":"x"}` + "\n" + `{}` + "\n", true},
		{"nothing at all", "", true},
		{"out of order", `{"duration":1,"timestamp":"2026-04-05T01:30:00Z"}` + "\n", false},
		{"twice", `{"duration":1,"duration":2}` + "\n", false},
		{"a column of another table", `{"duration":1,"other":2}` + "\n", false},
		{"spaces", `{"duration": 1, "name":"x"}` + "\n", false},
		{"torn", `{"duration":1`, false},
		{"a comma too many", `{"duration":1,}` + "\n", false},
	} {
		if got := order.Holds([]byte(c.block)); got != c.want {
			t.Errorf("%s: Holds(%q) = %v, want %v", c.why, c.block, got, c.want)
		}
	}
}

// FuzzRows holds the fast way against the careful one.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"timestamp":"2026-04-05T01:30:00.1234567Z","duration":12.5,"success":"True","count":3,"name":"GET /","more":{"a":[1]}}` + "\n"))
	f.Add([]byte("{\"name\":\"a\\\"b\"}\n\n{\"duration\":1e5}\n{\"ok\":true"))
	f.Fuzz(func(t *testing.T, block []byte) {
		fast, careful := ndjson.New(events, all()), ndjson.New(events, all())
		var a, b []string
		keep := func(to *[]string) func([]value.Value) error {
			return func(row []value.Value) error {
				*to = append(*to, string(value.Array(row).AppendJSON(nil)))
				return nil
			}
		}
		if err := fast.Rows(block, true, keep(&a)); err != nil {
			t.Fatal(err)
		}
		if err := careful.Rows(block, false, keep(&b)); err != nil {
			t.Fatal(err)
		}
		if order := ndjson.NewOrder(events); order.Holds(block) && len(a) != len(b) {
			t.Fatalf("%q is in order, and the fast way gives %d rows, the careful one %d", block, len(a), len(b))
		}
		// The fast way trusts that a line which begins as the store writes it goes on
		// so; it may give rows that the careful one refuses, never fewer, and the same
		// where both give all.
		if len(a) < len(b) {
			t.Fatalf("%q: the fast way gives %d rows, the careful one %d", block, len(a), len(b))
		}
		if careful.Skipped() != (ndjson.Skipped{}) || fast.Skipped() != (ndjson.Skipped{}) || repeats(block) {
			return
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%q: the fast way gives %s, the careful one %s", block, a[i], b[i])
			}
		}
	})
}

// repeats says whether a property may stand twice in a line: the fast way takes
// the first, the careful one the last.
func repeats(block []byte) bool {
	for _, c := range events.Columns {
		if strings.Count(string(block), c.Name) > 1 {
			return true
		}
	}
	return strings.Contains(string(block), `\`)
}
