package aggregate_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// calls are aggregates with arguments that suit them, after the value itself.
var calls = map[string][]value.Value{
	"count": nil, "sum": nil, "avg": nil, "min": nil, "max": nil, "stdev": nil, "variancep": nil, "dcount": nil,
	"percentile": {value.Long(95)}, "percentiles": {value.Long(5), value.Real(99.9)}, "binary_all_xor": nil,
}

func state(t *testing.T, name string, of schema.Type, rest []value.Value) func() aggregate.State {
	t.Helper()
	f, _, ok := aggregate.Find(name)
	if !ok {
		t.Fatalf("no aggregate %s", name)
	}
	args := []function.Arg{{Type: of}}
	for i := range rest {
		args = append(args, function.Arg{Type: schema.Type(rest[i].Kind()), Const: &rest[i]})
	}
	made, err := f.New(args)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// What is filled side by side and merged gives what is filled in one go: that is
// why a scan may be read by several.
func TestMergedStatesGiveWhatOneGives(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, rest := range calls {
		for _, of := range []schema.Type{schema.Long, schema.Timespan, schema.Datetime} {
			if of != schema.Long && name != "sum" && name != "avg" && name != "min" && name != "percentile" && name != "dcount" {
				continue
			}
			made := state(t, name, of, rest)
			one, parts := made(), []aggregate.State{made(), made(), made()}
			for range 5000 {
				n := random.Int64N(1 << 20)
				v := map[schema.Type]value.Value{schema.Long: value.Long(n), schema.Timespan: value.Timespan(n), schema.Datetime: value.Datetime(value.Epoch + n)}[of]
				if random.IntN(10) == 0 {
					v = value.Null
				}
				args := append([]value.Value{v}, rest...)
				one.Add(args)
				parts[random.IntN(3)].Add(args)
			}
			parts[0].Merge(parts[1])
			parts[0].Merge(parts[2])
			got, want := parts[0].Result(), one.Result()
			f, isNumber := got.Float()
			w, _ := want.Float()
			if close := isNumber && (f-w)*(f-w) <= 1e-18*w*w; !close && !value.Equal(got, want) {
				t.Errorf("%s of %s: merged %s, in one go %s", name, of, got.AppendJSON(nil), want.AppendJSON(nil))
			}
		}
	}
}

func TestPercentilesAreOfNearestRank(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 3, 99, 100, 101, 10_000} {
		sorted := make([]float64, n)
		for i := range sorted {
			sorted[i] = float64(random.IntN(1000)) / 10
		}
		for _, p := range []float64{0, 1, 50, 95, 99, 99.9, 100} {
			s := state(t, "percentile", schema.Real, []value.Value{value.Real(p)})()
			for _, x := range sorted {
				s.Add([]value.Value{value.Real(x)})
			}
			in := slices.Sorted(slices.Values(sorted))
			// The smallest value that at least p percent of the values do not exceed.
			want := in[len(in)-1]
			for i, x := range in {
				if float64(i+1)*100 >= p*float64(n)-1e-9 {
					want = x
					break
				}
			}
			if got := s.Result().Real(); got != want {
				t.Errorf("percentile %v of %d values = %v, want %v", p, n, got, want)
			}
		}
	}
}

func TestASumOfManySmallNumbersKeepsThem(t *testing.T) {
	s := state(t, "sum", schema.Real, nil)()
	s.Add([]value.Value{value.Real(1e16)})
	for range 1000 {
		s.Add([]value.Value{value.Real(1)})
	}
	s.Add([]value.Value{value.Real(-1e16)})
	if got := s.Result().Real(); got != 1000 {
		t.Errorf("sum = %v, want 1000", got)
	}
}

func TestConditionalNamesAreFound(t *testing.T) {
	for name, want := range map[string]bool{
		"sumif": true, "make_list_if": true, "dcountif": true, "percentileif": false, "make_listif": false, "sum_if": false, "nothingif": false,
	} {
		if _, conditional, ok := aggregate.Find(name); ok != want || conditional != want {
			t.Errorf("Find(%q) = %v, %v; want %v", name, conditional, ok, want)
		}
	}
}
