package expression_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/expression"
)

func system() expression.System {
	return expression.System{
		Method: "Resize",
		Now:    time.Date(2026, 1, 5, 14, 3, 9, 120_000_000, time.FixedZone("", 3600)),
		GUID: func() [16]byte {
			return [16]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4d, 0xef, 0x80, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}
		},
	}
}

func TestATemplateBecomesAName(t *testing.T) {
	values := expression.Properties([]byte(`{"id":7,"Big":12345678901234567890,"who":{"Name":"ann","x-tag":"t","nil":null,"list":[1],"is":true},"tags":["a"],"none":null,"ok":false,"path":"a/b.c","at":"2026-01-02T03:04:05Z"}`))
	values.Set("queueTrigger", expression.Value{Text: "the {id} body"})
	values.Set("InsertionTime", expression.Value{Kind: expression.Time, Time: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)})
	for _, row := range []struct{ text, want, why string }{
		{"", "", "nothing"},
		{"plain", "plain", "no expression"},
		{"out/{queueTrigger}", "out/the {id} body", "a value is not looked at again"},
		{"{QUEUETRIGGER}", "the {id} body", "in any case"},
		{"{id}-{Big}", "7-12345678901234567890", "numbers as they are written"},
		{"{who.name}/{Who.NAME}", "ann/ann", "properties in any case"},
		{"{who.x-tag}", "t", "with a hyphen below the top"},
		{"a{who.nil}b", "ab", "null is nothing"},
		{"{who.is}{ok}", "TrueFalse", "truth as .NET prints it"},
		{"{path}", "a/b.c", "slashes are kept"},
		{"{at}", "2026-01-02T03:04:05Z", "text that looks like a time stays text"},
		{"{{{id}}}", "{7}", "braces around an expression"},
		{"{{id}}", "{id}", "escaped"},
		{"{rand-guid}", "01234567-89ab-4def-8012-3456789abcde", "a GUID"},
		{"{RAND-GUID:n}", "0123456789ab4def80123456789abcde", "its formats"},
		{"{rand-guid:B}", "{01234567-89ab-4def-8012-3456789abcde}", ""},
		{"{rand-guid:P}", "(01234567-89ab-4def-8012-3456789abcde)", ""},
		{"{rand-guid:X}", "{0x01234567,0x89ab,0x4def,{0x80,0x12,0x34,0x56,0x78,0x9a,0xbc,0xde}}", ""},
		{"{sys.randguid:N}", "0123456789ab4def80123456789abcde", "its other name"},
		{"{DateTime}", "2026-01-05T13-03-09Z", "in UTC, without colons"},
		{"{datetime:yyyy/MM/dd}", "2026/01/05", ""},
		{"{datetime:yyyy.MM.dd}", "2026.01.05", "dots in a format"},
		{"{datetime:HH:mm:ss}", "13:03:09", "colons in a format"},
		{"{sys.UtcNow:yyyy}", "2026", ""},
		{"{sys.methodname}", "Resize", ""},
		{"{InsertionTime}", "2026-02-03T04-05-06Z", "a time that the trigger brought"},
		{"{InsertionTime:yyyyMMdd}", "20260203", "with a format"},
		{"{path:N}", "a/b.c", "a format of a text is ignored"},
	} {
		template, err := expression.Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		got, err := template.Expand(values.Lookup, system())
		if err != nil || got != row.want {
			t.Errorf("Expand of %q = %q, %v, want %q %s", row.text, got, err, row.want, row.why)
		}
	}
}

func TestWhatTheTriggerBroughtComesBeforeWhatIsBuiltIn(t *testing.T) {
	values := expression.Values{}
	values.Set("datetime", expression.Value{Text: "mine"})
	template, err := expression.Parse("{datetime}-{datetime:yyyy}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := template.Expand(values.Lookup, system()); got != "mine-2026" || err != nil {
		t.Errorf("Expand = %q, %v, want mine-2026", got, err)
	}
}

func TestAValueThatIsNotThereIsNamedWithItsPlace(t *testing.T) {
	values := expression.Properties([]byte(`{"o":{"a":1},"l":[1],"s":"secret"}`))
	for _, row := range []struct {
		text   string
		column int
		part   string
	}{
		{"a/{missing}", 3, `no "missing"`},
		{"{o.b}", 1, `no "b"`},
		{"{o.a.b}", 1, `no "b"`},
		{"{s.x}", 1, `no "x"`},
		{"{o}", 1, "object"},
		{"{l}", 1, "brought no"},
	} {
		template, err := expression.Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		_, err = template.Expand(values.Lookup, system())
		var mistake *expression.Error
		if !errors.As(err, &mistake) || mistake.Column != row.column || !strings.Contains(err.Error(), row.part) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Expand of %q: %v, want column %d, %q and no values", row.text, err, row.column, row.part)
		}
	}
}

func TestAnExpansionHasABound(t *testing.T) {
	template, err := expression.Parse("{s}{s}")
	if err != nil {
		t.Fatal(err)
	}
	values := expression.Values{"s": {Text: strings.Repeat("x", expression.MaxResult/2+1)}}
	if got, err := template.Expand(values.Lookup, system()); err == nil {
		t.Errorf("Expand = %d bytes, want an error", len(got))
	}
}

func TestAMistakeInATemplateIsShownWhereItIs(t *testing.T) {
	for _, row := range []struct {
		text   string
		column int
		part   string
	}{
		{"malformed-{path", 11, "without a }"},
		{"malformed}-path", 10, "without a {"},
		{"}{param}{-path", 1, "without a {"},
		{"{a{nested}param}", 1, "without a }"},
		{"{}-path", 1, "without a name"},
		{"{ }", 1, "without a name"},
		{"{malformed-param}-path", 1, "no name"},
		{"{a b}", 1, "no name"},
		{"{1a}", 1, "no name"},
		{"{a.}", 1, "part"},
		{"{.a}", 1, "no name"},
		{"{sys.foo}", 1, "sys.methodname"},
		{"{rand-guid:Q}", 1, "format"},
		{"{datetime:Q}", 1, "format"},
		{"{datetime:yyyy'}", 1, "without its end"},
		{"{datetime:ffffffff}", 1, "digits"},
		{`{datetime:yy\}`, 1, "ends in"},
		{"{datetime:yyyy%}", 1, "without a letter"},
		{"ok{\xff}", 4, "UTF-8"},
		{strings.Repeat("x", 5000), 1, "bytes"},
	} {
		_, err := expression.Parse(row.text)
		var mistake *expression.Error
		if !errors.As(err, &mistake) || mistake.Column != row.column || !strings.Contains(err.Error(), row.part) {
			t.Errorf("Parse(%.40q): %v, want column %d and %q", row.text, err, row.column, row.part)
		}
	}
}

func TestTheNamesThatATemplateNeedsAreKnownBefore(t *testing.T) {
	template, err := expression.Parse("%X%/{a.b-c}/{name:N}/{datetime}/{rand-guid}/{sys.utcnow}")
	if err != nil {
		t.Fatal(err)
	}
	want := []expression.Name{{Text: "a.b-c", First: "a", Column: 5}, {Text: "name", First: "name", Column: 13}}
	if diff := cmp.Diff(want, template.Names()); diff != "" {
		t.Errorf("Names (-want +got)\n%s", diff)
	}
	if text, fixed := template.Fixed(); fixed {
		t.Errorf("Fixed = %q of a template with names", text)
	}
	if template, err := expression.Parse("a{{b}}"); err != nil {
		t.Error(err)
	} else if text, fixed := template.Fixed(); !fixed || text != "a{b}" {
		t.Errorf("Fixed = %q, %v, want a{b}", text, fixed)
	}
}

func TestLettersThatMeanSomethingElseAreTold(t *testing.T) {
	for _, row := range []struct{ text, part string }{
		{"{datetime:YYYY-MM-dd}", "y for the year"},
		{"{datetime:yyyy-MM-DD}", "d for the day"},
		{"{datetime:yyyy-mm-dd}", "MM for the month"},
		{"{datetime:yyyy-MM-dd HH:mm}", ""},
		{"YYYY {datetime}", ""},
	} {
		template, err := expression.Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		var text string
		for _, trap := range template.Traps() {
			text += trap.Error()
		}
		if (text == "") != (row.part == "") || !strings.Contains(text, row.part) {
			t.Errorf("Traps of %q = %q, want %q", row.text, text, row.part)
		}
	}
}

func TestTimesPrintAsInDotNet(t *testing.T) {
	at := time.Date(2026, 3, 4, 15, 6, 7, 8_900_000, time.UTC)
	for _, row := range []struct{ format, want string }{
		{"d", "03/04/2026"},
		{"D", "Wednesday, 04 March 2026"},
		{"f", "Wednesday, 04 March 2026 15:06"},
		{"F", "Wednesday, 04 March 2026 15:06:07"},
		{"g", "03/04/2026 15:06"},
		{"G", "03/04/2026 15:06:07"},
		{"M", "March 04"},
		{"o", "2026-03-04T15:06:07.0089000Z"},
		{"R", "Wed, 04 Mar 2026 15:06:07 GMT"},
		{"s", "2026-03-04T15:06:07"},
		{"t", "15:06"},
		{"T", "15:06:07"},
		{"u", "2026-03-04 15:06:07Z"},
		{"Y", "2026 March"},
		{"d/M/y", "4/3/26"},
		{"%d", "4"},
		{"ddd dddd MMM MMMM", "Wed Wednesday Mar March"},
		{"h:m:s tt", "3:6:7 PM"},
		{"hh t", "03 P"},
		{"yyyyy", "02026"},
		{"ss.fff", "07.008"},
		{"ss.FFFFFFF", "07.0089"},
		{"ss.F", "07"},
		{"zzz|zz|zK", "+00:00|+00|+0Z"},
		{"gg yyyy", "A.D. 2026"},
		{`'day 'd" of "M\d`, "day 4 of 3d"},
		{"YYYYMMdd", "YYYY0304"},
	} {
		template, err := expression.Parse("{at:" + row.format + "}")
		if err != nil {
			t.Errorf("Parse with %q: %v", row.format, err)
			continue
		}
		values := expression.Values{"at": {Kind: expression.Time, Time: at}}
		if got, err := template.Expand(values.Lookup, expression.System{}); err != nil || got != row.want {
			t.Errorf("%q prints %q, %v, want %q", row.format, got, err, row.want)
		}
	}
	east := expression.Values{"at": {Kind: expression.Time, Time: at.In(time.FixedZone("", 5*3600+1800))}}
	template, err := expression.Parse("{at:HH:mmK}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := template.Expand(east.Lookup, expression.System{}); got != "20:36+05:30" || err != nil {
		t.Errorf("a time of elsewhere prints %q, %v, want 20:36+05:30", got, err)
	}
}

func TestPropertiesAreThoseOfAnObjectAlone(t *testing.T) {
	for _, row := range []struct {
		body string
		want expression.Values
	}{
		{`{"A":1,"a":"two","l":[],"n":null}`, expression.Values{"a": {Kind: expression.JSON, Text: `"two"`}}},
		{` {} `, expression.Values{}},
		{`[1]`, nil},
		{`"text"`, nil},
		{`{"a":1} x`, nil},
		{`{"a":1`, nil},
		{`{"a":}`, nil},
		{``, nil},
		{"\xff\x00", nil},
	} {
		if diff := cmp.Diff(row.want, expression.Properties([]byte(row.body))); diff != "" {
			t.Errorf("Properties(%q) (-want +got)\n%s", row.body, diff)
		}
	}
}

func TestSettingsArePutIn(t *testing.T) {
	lookup := func(name string) (string, bool) {
		value, found := map[string]string{"QUEUE": "orders", "PCT": "%QUEUE%", "": "none"}[name]
		return value, found
	}
	for _, row := range []struct{ text, want, fault string }{
		{"", "", ""},
		{"plain", "plain", ""},
		{"%QUEUE%", "orders", ""},
		{"a-%QUEUE%-%QUEUE%-b", "a-orders-orders-b", ""},
		{"%PCT%", "%QUEUE%", ""},
		{"%%", "none", ""},
		{"50%", "", "column 3: a % without"},
		{"x%NOPE%", "", `column 2: there is no app setting "NOPE"`},
		{strings.Repeat("%", 5000), "", "5000 bytes"},
	} {
		got, err := expression.Settings(row.text, lookup)
		if got != row.want || (err == nil) != (row.fault == "") || err != nil && !strings.Contains(err.Error(), row.fault) {
			t.Errorf("Settings(%.40q) = %q, %v, want %q, %q", row.text, got, err, row.want, row.fault)
		}
	}
}

func FuzzAnyTextEscapedBecomesItself(f *testing.F) {
	for _, seed := range []string{"", "a{b}c", "{{", "}", "{rand-guid:X}", "{datetime:yyyy'x'}", "{a.b-c:N}/{{x}}"} {
		f.Add(seed)
	}
	values := expression.Lookup(func(name string) (expression.Value, bool) {
		return expression.Value{Kind: expression.JSON, Text: `{"b":"v","c":[]}`}, name == "a"
	})
	f.Fuzz(func(t *testing.T, text string) {
		escaped := strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
		if template, err := expression.Parse(escaped); err == nil {
			if got, fixed := template.Fixed(); !fixed || got != text {
				t.Fatalf("Parse(%q) becomes %q, %v, want %q", escaped, got, fixed, text)
			}
		}
		template, err := expression.Parse(text)
		if err != nil {
			var mistake *expression.Error
			if !errors.As(err, &mistake) || mistake.Column < 1 || mistake.Column > max(1, len(text)) {
				t.Fatalf("Parse(%q): %v is no mistake within the text", text, err)
			}
			return
		}
		for _, name := range template.Names() {
			if !strings.HasPrefix(text[name.Column-1:], "{"+name.Text) {
				t.Errorf("Parse(%q): name %q is not at %d", text, name.Text, name.Column)
			}
		}
		if _, err := template.Expand(values, system()); err != nil {
			var mistake *expression.Error
			if !errors.As(err, &mistake) || mistake.Column > len(text) {
				t.Errorf("Expand of %q: %v", text, err)
			}
		}
	})
}
