package drive

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func FuzzATemplateKeepsWhatIsNoParameter(f *testing.F) {
	for _, seed := range []string{"/orders/{id}", `{"a": {"b": {id}}}`, "{}", "{{id}}", "{id", "}{", "/{a}{b}{a}", "{a b}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// With its own name in braces for a value, a template prints itself.
		same := func(name string) Values { return Values{List: []string{"{" + name + "}"}} }
		c := compile(text, same, func(s string) string { return s })
		if got := string(c.append(nil, 1, 2)); got != text {
			t.Errorf("compile(%q) with {name} for each parameter appends %q, want the same", text, got)
		}
		names := Parameters(text)
		for _, name := range names {
			if !strings.Contains(text, "{"+name+"}") {
				t.Errorf("Parameters(%q) has %q, which is not in it", text, name)
			}
		}
		if !slices.Equal(names, slices.Compact(slices.Clone(names))) || len(names) > len(c.holes) {
			t.Errorf("Parameters(%q) = %q, of %d holes", text, names, len(c.holes))
		}
	})
}

func TestValuesAreReadAsWritten(t *testing.T) {
	for text, want := range map[string]Values{
		"200":      {Cardinality: 200},
		"unique":   {},
		"red":      {List: []string{"red"}},
		"red,blue": {List: []string{"red", "blue"}},
		"1,2":      {List: []string{"1", "2"}},
	} {
		got, err := ParseValues(text)
		if err != nil || got.Cardinality != want.Cardinality || !slices.Equal(got.List, want.List) {
			t.Errorf("ParseValues(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0"} {
		if got, err := ParseValues(text); err == nil {
			t.Errorf("ParseValues(%q) = %+v, want an error", text, got)
		}
	}
}

func TestABucketHoldsItsOwnMiddle(t *testing.T) {
	for i := range 27*16 - 1 {
		if got := bucket(middle(i)); got != i {
			t.Errorf("bucket(middle(%d)) = %d", i, got)
		}
	}
	for _, d := range []time.Duration{0, 15 * time.Microsecond, 999 * time.Microsecond, 7 * time.Millisecond, time.Second, time.Minute} {
		if m := middle(bucket(d)); m < d-d/25-time.Microsecond || m > d+d/25+time.Microsecond {
			t.Errorf("the middle of the bucket of %v is %v, want it within 4 %%", d, m)
		}
	}
}

func TestAQuantileIsAmongWhatWasCounted(t *testing.T) {
	var c tally
	for i := range 100 {
		c.answer(200, time.Duration(i+1)*time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 51 * time.Millisecond, 0.99: 100 * time.Millisecond, 0: time.Millisecond} {
		if got := c.quantile(q); got < want*95/100 || got > want*105/100 {
			t.Errorf("quantile(%v) of 1 to 100 ms = %v, want about %v", q, got, want)
		}
	}
	if got := new(tally).quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing = %v, want 0", got)
	}
}
