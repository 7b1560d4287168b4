package figure_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func at(text string) value.Value { ticks, _ := value.ParseDatetime(text); return value.Datetime(ticks) }

func chart(kind string, properties ...string) *table.Chart {
	c := &table.Chart{Kind: kind, Properties: map[string]string{}}
	for i := 0; i < len(properties); i += 2 {
		c.Properties[properties[i]] = properties[i+1]
	}
	return c
}

// parse makes a result of a header such as "name:string n:long" and rows of text.
func parse(c *table.Chart, header string, rows ...string) *table.Result {
	r := &table.Result{Chart: c}
	for field := range strings.FieldsSeq(header) {
		name, kind, _ := strings.Cut(field, ":")
		r.Columns = append(r.Columns, schema.Column{Name: name, Type: schema.ParseType(kind)})
	}
	for _, text := range rows {
		var row []value.Value
		for i, cell := range strings.Split(text, " ") {
			if r.Columns[i].Type == schema.Dynamic {
				v, _ := value.ParseJSON(cell)
				row = append(row, v)
				continue
			}
			row = append(row, value.Convert(value.String(cell), r.Columns[i].Type))
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

type drawn struct {
	X      figure.Scale
	Series map[string][]float64 // values, NaN as −1
	Names  []string
}

func TestColumnsPlayThePartsThatThePortalGivesThem(t *testing.T) {
	for _, test := range []struct {
		reason string
		result *table.Result
		want   drawn
	}{
		{
			"a text tells series apart, the moment is x though it stands last",
			parse(chart("timechart"), "host:string n:long t:datetime", "a 1 2026-01-01", "b 2 2026-01-01", "a 3 2026-01-02"),
			drawn{figure.Moments, map[string][]float64{"a": {1, 3}, "b": {2}}, nil},
		},
		{
			"every number is a value",
			parse(chart("linechart"), "t:datetime p50:real p95:real", "2026-01-01 1 2", "2026-01-02 3 4"),
			drawn{figure.Moments, map[string][]float64{"p50": {1, 3}, "p95": {2, 4}}, nil},
		},
		{
			"several values and a text: both are in the name",
			parse(chart("linechart"), "t:datetime host:string a:real b:real", "2026-01-01 h 1 2"),
			drawn{figure.Moments, map[string][]float64{"h: a": {1}, "h: b": {2}}, nil},
		},
		{
			"render names its columns",
			parse(chart("columnchart", "xcolumn", "code", "ycolumns", "b", "series", "host"), "t:datetime host:string code:long a:real b:real", "2026-01-01 h 200 1 2", "2026-01-01 h 500 1 3"),
			drawn{figure.Names, map[string][]float64{"h": {2, 3}}, []string{"200", "500"}},
		},
		{
			"bars of the same name are added up; the order is the rows'",
			parse(chart("barchart"), "name:string n:long", "b 1", "a 2", "b 4"),
			drawn{figure.Names, map[string][]float64{"n": {5, 2}}, []string{"b", "a"}},
		},
		{
			"a count before its name is a value all the same",
			parse(chart("barchart"), "n:long name:string", "1 b"),
			drawn{figure.Names, map[string][]float64{"n": {1}}, []string{"b"}},
		},
		{
			"a null is a gap, and rows out of order are sorted",
			parse(chart("timechart"), "t:datetime n:real", "2026-01-03 3", "2026-01-01 1", "2026-01-02 x"),
			drawn{figure.Moments, map[string][]float64{"n": {1, -1, 3}}, nil},
		},
		{
			"the arrays of make-series are spread",
			parse(chart("timechart"), "name:string v:dynamic t:dynamic", `a [1,null,3] ["2026-01-01","2026-01-02","2026-01-03"]`),
			drawn{figure.Moments, map[string][]float64{"a": {1, -1, 3}}, nil},
		},
		{
			"sums as they grow",
			parse(chart("timechart", "accumulate", "true"), "t:datetime n:real", "2026-01-01 1", "2026-01-02 2"),
			drawn{figure.Moments, map[string][]float64{"n": {1, 3}}, nil},
		},
		{
			"a pie's largest slice is the first, and nothing has no share",
			parse(chart("piechart"), "name:string n:long", "a 1", "b 0", "c 3"),
			drawn{figure.Names, map[string][]float64{"n": {3, 1}}, []string{"c", "a"}},
		},
		{
			"without a render, moments make lines",
			parse(nil, "t:datetime n:real", "2026-01-01 1"),
			drawn{figure.Moments, map[string][]float64{"n": {1}}, nil},
		},
		{
			"a card is the first row",
			parse(chart("card"), "a:long b:long", "1 2", "3 4"),
			drawn{figure.Names, map[string][]float64{"a": {1}, "b": {2}}, []string{""}},
		},
	} {
		f, err := figure.Of(test.result)
		if err != nil {
			t.Errorf("%s: Of: %v", test.reason, err)
			continue
		}
		got := drawn{f.X.Scale, map[string][]float64{}, f.Categories}
		for _, s := range f.Series {
			for _, y := range s.Y {
				if math.IsNaN(y) {
					y = -1
				}
				got.Series[s.Name] = append(got.Series[s.Name], y)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: Of: -want +got\n%s", test.reason, diff)
		}
	}
}

func TestWhatCanNotBeDrawnSaysWhatIsMissing(t *testing.T) {
	for _, test := range []struct {
		result *table.Result
		want   string
	}{
		{parse(chart("timechart"), "name:string n:long", "a 1"), "draw a timechart: it needs a column of moments, but the result has name (string), n (long)"},
		{parse(chart("barchart"), "a:string b:string", "x y"), "it needs a column of numbers beside x, but the result has a (string), b (string)"},
		{parse(chart("barchart", "xcolumn", "host"), "a:string n:long", "x 1"), `xcolumn names "host", but the result has a (string), n (long)`},
		{parse(chart("timechart"), "t:datetime n:long"), "the result has no value to draw"},
		{parse(chart("piechart"), ""), "the result has no columns"},
	} {
		_, err := figure.Of(test.result)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Of: %v, want %q in it", err, test.want)
		}
	}
}

func TestStacksStandOnEachOther(t *testing.T) {
	rows := []string{"2026-01-01 a 1", "2026-01-01 b 3", "2026-01-02 b -2", "2026-01-03 a 2", "2026-01-03 b 2"}
	for _, test := range []struct {
		kind       string
		bases, top [][]float64
	}{
		{"stacked", [][]float64{{0, 0, 0}, {1, 0, 2}}, [][]float64{{1, 0, 2}, {4, -2, 4}}},
		{"stacked100", [][]float64{{0, 0, 0}, {25, 0, 50}}, [][]float64{{25, 0, 50}, {100, -100, 100}}},
	} {
		f, err := figure.Of(parse(chart("columnchart", "kind", test.kind), "t:datetime s:string n:long", rows...))
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range f.Layers() {
			if diff := cmp.Diff([2][]float64{test.bases[i], test.top[i]}, [2][]float64{l.Base, l.Top}, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("Layers of %s, series %s: -want +got\n%s", test.kind, l.Name, diff)
			}
		}
	}
}

func TestTooManySeriesAreNotLeftOutInSilence(t *testing.T) {
	r := parse(chart("timechart"), "t:datetime s:string n:long")
	for i := range 50 {
		r.Rows = append(r.Rows, []value.Value{at("2026-01-01"), value.String(strings.Repeat("s", i+1)), value.Long(int64(i))})
	}
	f, err := figure.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Series) != 20 || !cmp.Equal(f.Notes, []string{"the 20 largest of 50 series are drawn"}) {
		t.Errorf("Of 50 series: %d series, notes %q; want 20 and a note", len(f.Series), f.Notes)
	}
}

func labels(ticks []figure.Tick) string {
	var all []string
	for _, t := range ticks {
		label := t.Label
		if t.Below != "" {
			label += "/" + t.Below
		}
		all = append(all, label)
	}
	return strings.Join(all, ", ")
}

func TestTicksAreRoundInTheirUnit(t *testing.T) {
	day := 1775347200.0 // 2026-04-05
	for _, test := range []struct {
		axis      figure.Axis
		low, high float64
		most      int
		want      string
	}{
		{figure.Axis{}, 0, 1432, 6, "0, 500, 1000"},
		{figure.Axis{}, -0.3, 0.3, 6, "-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3"},
		{figure.Axis{}, 0, 3.2e6, 4, "0, 1M, 2M, 3M"},
		{figure.Axis{Unit: figure.Bytes}, 0, 900 << 20, 6, "0 B, 256 MiB, 512 MiB, 768 MiB"},
		{figure.Axis{Unit: figure.Milliseconds}, 0, 1400, 6, "0, 500 ms, 1 s"},
		{figure.Axis{Unit: figure.Seconds}, 0, 7000, 6, "0, 30 min, 60 min, 90 min"},
		{figure.Axis{Log: true}, 1, 1e4, 6, "1, 10, 100, 1000, 10,000"},
		{figure.Axis{Scale: figure.Moments}, day - 3600, day + 5*3600, 8, "23:00/Sat, Apr 4 2026, 00:00/Sun, Apr 5 2026, 01:00, 02:00, 03:00, 04:00, 05:00"},
		{figure.Axis{Scale: figure.Moments}, day, day + 40*86400, 7, "Apr 9/2026, Apr 16, Apr 23, Apr 30, May 7, May 14"},
		{figure.Axis{Scale: figure.Moments}, day, day + 400*86400, 7, "May/2026, Jul, Sep, Nov, Jan/2027, Mar, May"},
		{figure.Axis{Scale: figure.Moments}, day, day + 2, 5, "00:00:00/Sun, Apr 5 2026, 00:00:00.5, 00:00:01, 00:00:01.5, 00:00:02"},
		{figure.Axis{}, 5, 5, 6, "5"},
	} {
		if got := labels(test.axis.Ticks(test.low, test.high, test.most)); got != test.want {
			t.Errorf("%+v.Ticks(%v, %v, %d) = %s, want %s", test.axis, test.low, test.high, test.most, got, test.want)
		}
	}
}

// Whatever the range, ticks lie in it, ascend and are few.
func FuzzTicksLieOnTheirAxis(f *testing.F) {
	f.Add(0.0, 1.0, 6, uint8(0), uint8(0), false)
	f.Add(1e9, 1.1e9, 9, uint8(1), uint8(0), false)
	f.Add(1e-300, 1e300, 3, uint8(0), uint8(1), true)
	f.Add(-1e308, 1e308, 5, uint8(0), uint8(3), false)
	f.Fuzz(func(t *testing.T, low, high float64, most int, scale, unit uint8, log bool) {
		a := figure.Axis{Scale: figure.Scale(scale % 2), Unit: figure.Unit(unit % 7), Log: log}
		if math.IsNaN(low+high) || math.IsInf(high-low, 0) || a.Scale == figure.Moments && (low < -1e11 || high > 2.5e11) {
			t.Skip("no axis")
		}
		most = 2 + max(most, 0)%20
		ticks := a.Ticks(low, high, most)
		if len(ticks) > most+3 {
			t.Errorf("%+v.Ticks(%v, %v, %d) gives %d", a, low, high, most, len(ticks))
		}
		slack := (high - low) * 1e-6
		for i, tick := range ticks {
			if high > low && (tick.At < low-slack || tick.At > high+slack) || i > 0 && tick.At <= ticks[i-1].At {
				t.Errorf("%+v.Ticks(%v, %v, %d) = %v", a, low, high, most, ticks)
			}
		}
	})
}
