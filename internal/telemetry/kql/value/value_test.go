package value_test

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestDatetimesAreReadInManyForms(t *testing.T) {
	for text, want := range map[string]string{
		"2026-04-05T01:30:00.1234567Z":  "2026-04-05T01:30:00.1234567Z",
		"2026-04-05 01:30:00.5":         "2026-04-05T01:30:00.5000000Z",
		"2026-04-05T01:30":              "2026-04-05T01:30:00.0000000Z",
		"2026-4-5":                      "2026-04-05T00:00:00.0000000Z",
		"2026":                          "2026-01-01T00:00:00.0000000Z",
		"2026-04-05T03:30:00+02:00":     "2026-04-05T01:30:00.0000000Z",
		"4/5/2026 1:30:00":              "2026-04-05T01:30:00.0000000Z",
		"Sun, 5 Apr 2026 01:30:00 GMT":  "2026-04-05T01:30:00.0000000Z",
		"0001-01-01":                    "0001-01-01T00:00:00.0000000Z",
		"9999-12-31T23:59:59.9999999Z":  "9999-12-31T23:59:59.9999999Z",
		"2026-04-05T01:30:00.12345678Z": "2026-04-05T01:30:00.1234567Z", // finer than a tick
		"2024-02-29":                    "2024-02-29T00:00:00.0000000Z",
	} {
		ticks, ok := value.ParseDatetime(text)
		if got := string(value.AppendDatetime(nil, ticks)); !ok || got != want {
			t.Errorf("ParseDatetime(%q) = %s, %v; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "soon", "2026-13-01", "2026-02-30", "2026-04-05T25:00", "2026-04-05T01:30:00X", "2026-04-05T", "10000-01-01", "2023-02-29", "0000-01-01"} {
		if ticks, ok := value.ParseDatetime(text); ok {
			t.Errorf("ParseDatetime(%q) = %s, want a refusal", text, value.AppendDatetime(nil, ticks))
		}
	}
}

func TestTicksAgreeWithTime(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999999900, time.UTC), time.Date(2026, 4, 5, 1, 30, 0, 700, time.UTC)} {
		if back := value.Time(value.Ticks(at)); !back.Equal(at) {
			t.Errorf("Time(Ticks(%v)) = %v", at, back)
		}
	}
}

func TestTimespansAreReadInManyForms(t *testing.T) {
	for text, want := range map[string]string{
		"1.02:03:04.5": "1.02:03:04.5000000", "00:05:00": "00:05:00", "5:30": "05:30:00", "-01:00:00": "-01:00:00",
		"1d": "1.00:00:00", "1.5h": "01:30:00", "10 seconds": "00:00:10", "100ms": "00:00:00.1000000", "2": "2.00:00:00", "1tick": "00:00:00.0000001",
	} {
		ticks, ok := value.ParseTimespan(text)
		if got := string(value.AppendTimespan(nil, ticks)); !ok || got != want {
			t.Errorf("ParseTimespan(%q) = %s, %v; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "25:00:00", "1:60", "1 fortnight", "1e40d", "-"} {
		if _, ok := value.ParseTimespan(text); ok {
			t.Errorf("ParseTimespan(%q) was taken", text)
		}
	}
}

func TestDecimalsKeepTheirDigits(t *testing.T) {
	dec := func(s string) value.Decimal {
		d, ok := value.ParseDecimal(s)
		if !ok {
			t.Fatalf("ParseDecimal(%q) failed", s)
		}
		return d
	}
	for _, c := range []struct{ why, got, want string }{
		{"a sum that floats get wrong", dec("0.1").Add(dec("0.2")).String(), "0.3"},
		{"a product", dec("1.5").Mul(dec("-2.5")).String(), "-3.75"},
		{"an exponent", dec("1.25e2").String(), "125"},
		{"a small one", dec("5e-3").String(), "0.005"},
		{"halves away from zero", dec("-2.5").Round(0).String(), "-3"},
		{"before the point", dec("1250").Round(-2).String(), "1300"},
		{"the remainder is not negative", func() string { m, _ := dec("-7").Mod(dec("3")); return m.String() }(), "2"},
		{"a third has 34 digits", func() string { q, _ := dec("1").Div(dec("3")); return q.String() }(), "0.3333333333333333333333333333333333"},
		{"floors go down", func() string { f, _ := dec("-1.5").Floor(dec("1")); return f.String() }(), "-2"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.why, c.got, c.want)
		}
	}
	if _, ok := dec("1").Div(dec("0")); ok {
		t.Error("a division by nothing gave something")
	}
	for _, s := range []string{"", ".", "1.2.3", "x", "0x10", "1e999", "1_000", "--1"} {
		if d, ok := value.ParseDecimal(s); ok {
			t.Errorf("ParseDecimal(%q) = %s, want a refusal", s, d)
		}
	}
}

func TestConversions(t *testing.T) {
	for _, c := range []struct {
		in   value.Value
		to   schema.Type
		want value.Value
	}{
		{value.String(" 12 "), schema.Long, value.Long(12)},
		{value.String("0x1f"), schema.Long, value.Long(31)},
		{value.String("1.9"), schema.Long, value.Long(1)},
		{value.String("x"), schema.Long, value.Null},
		{value.Real(-1.9), schema.Int, value.Int(-1)},
		{value.Real(math.NaN()), schema.Long, value.Null},
		{value.Real(1e30), schema.Long, value.Null},
		{value.Long(1 << 40), schema.Int, value.Null},
		{value.String("True"), schema.Bool, value.Bool(true)},
		{value.Null, schema.String, value.String("")},
		{value.Real(5), schema.String, value.String("5.0")},
		{value.Timespan(value.Minute), schema.String, value.String("00:01:00")},
		{value.String("inf"), schema.Real, value.Real(math.Inf(1))},
	} {
		if got := value.Convert(c.in, c.to); got.Kind() != c.want.Kind() || !value.Equal(got, c.want) {
			t.Errorf("Convert(%s, %s) = %s, want %s", c.in.AppendJSON(nil), c.to, got.AppendJSON(nil), c.want.AppendJSON(nil))
		}
	}
}

func TestOrderAndEquality(t *testing.T) {
	ordered := []value.Value{
		value.Null, value.Real(math.NaN()), value.Real(math.Inf(-1)), value.Long(-1), value.Real(-0.5), value.Int(0), value.Real(0.5), value.Long(1),
	}
	for i := 1; i < len(ordered)-1; i++ {
		if ordered[i].Kind() == value.KindNull {
			continue
		}
		if value.Compare(ordered[i], ordered[i+1]) >= 0 {
			t.Errorf("Compare(%s, %s) >= 0, want it before", ordered[i].AppendJSON(nil), ordered[i+1].AppendJSON(nil))
		}
	}
	a, _ := value.ParseJSON(`{"x":1,"y":[1,2.0]}`)
	b, _ := value.ParseJSON(`{"y":[1.0,2],"x":1}`)
	if !value.Equal(a, b) {
		t.Error("bags of equal properties in another order, numbers of other kinds, are not equal")
	}
	if string(value.Long(3).AppendKey(nil)) != string(value.Real(3).AppendKey(nil)) {
		t.Error("3 and 3.0 have different keys")
	}
}

func TestNumbersOfJSONAreStrict(t *testing.T) {
	for _, text := range []string{"+5", "1.e5", ".5", "5.", "01", "-", "1e", "0x1", "1_0", "--1", "Infinity", "1 2"} {
		if v, ok := value.ParseJSON(text); ok {
			t.Errorf("ParseJSON(%q) = %s, want a refusal", text, v.AppendJSON(nil))
		}
	}
	for text, want := range map[string]value.Value{
		"0": value.Long(0), "-0.5": value.Real(-0.5), "1E+2": value.Real(100), "1.5e-1": value.Real(0.15),
		"9223372036854775807": value.Long(math.MaxInt64), "9223372036854775808": value.Real(1 << 63),
	} {
		if got, ok := value.ParseJSON(text); !ok || got.Kind() != want.Kind() || !value.Equal(got, want) {
			t.Errorf("ParseJSON(%q) = %s, %v; want %s", text, got.AppendJSON(nil), ok, want.AppendJSON(nil))
		}
	}
}

// What is read and printed reads back as equal, unless it has a number that JSON
// can't hold, or bytes that are no text, for which another character is printed.
func FuzzJSONReadsBackAsEqual(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,null,true,"x\n\u00e9"]}`, `{"b":1,"a":{}}`, `[0.1,1e300]`, `"\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := value.ParseJSON(text)
		if !ok || !utf8.ValidString(text) {
			return
		}
		printed := string(v.AppendJSON(nil))
		back, ok := value.ParseJSON(printed)
		if !ok || !value.Equal(back, v) && !strings.Contains(printed, "Infinity") {
			t.Fatalf("%q prints as %q, which reads back as %s, %v", text, printed, back.AppendJSON(nil), ok)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,null,true,"x\n\u00e9"]}`, `""`, `[]`, `1e400`, `{"a":1,"a":2}`, `[[[[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := value.ParseJSON(text)
		if !ok {
			return
		}
		once := string(v.AppendJSON(nil))
		again, ok := value.ParseJSON(once)
		if !ok {
			t.Fatalf("%q prints as %q, which does not parse", text, once)
		}
		if twice := string(again.AppendJSON(nil)); twice != once {
			t.Fatalf("%q prints as %q, and that as %q", text, once, twice)
		}
	})
}

func FuzzTimes(f *testing.F) {
	for _, s := range []string{"2026-04-05T01:30:00.1234567Z", "1.02:03:04.5", "5 minutes", "Sun, 5 Apr 2026 01:30:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ticks, ok := value.ParseDatetime(text); ok {
			if back, ok := value.ParseDatetime(string(value.AppendDatetime(nil, ticks))); !ok || back != ticks {
				t.Fatalf("%q is %d ticks, and read back %d, %v", text, ticks, back, ok)
			}
		}
		if ticks, ok := value.ParseTimespan(text); ok {
			if back, ok := value.ParseTimespan(string(value.AppendTimespan(nil, ticks))); !ok || back != ticks {
				t.Fatalf("the span %q is %d ticks, and read back %d, %v", text, ticks, back, ok)
			}
		}
		if d, ok := value.ParseDecimal(text); ok {
			if back, ok := value.ParseDecimal(d.String()); !ok || back.Compare(d) != 0 {
				t.Fatalf("the decimal %q is %s, and read back %s, %v", text, d, back, ok)
			}
		}
	})
}
