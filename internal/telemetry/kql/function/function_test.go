package function_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var kinds = []string{
	"scalar", "notdynamic", "number", "integer", "float", "summable", "orderable", "text", "array", "bag", "typeof",
	"bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic",
}

func TestEveryFunctionSaysWhatItTakesAndGives(t *testing.T) {
	names := function.Names()
	if len(names) < 150 {
		t.Fatalf("%d functions, want them all", len(names))
	}
	for _, name := range names {
		f, ok := function.Find(name)
		if !ok || f.Name != name {
			t.Errorf("Find(%q) = %q, %v", name, f.Name, ok)
		}
		if f.Type == schema.Unknown && f.TypeOf == nil {
			t.Errorf("%s does not say what type it gives", name)
		}
		if (f.Eval == nil) == (f.Make == nil) {
			t.Errorf("%s has both Eval and Make, or neither", name)
		}
		for _, overload := range f.Args {
			for part := range strings.SplitSeq(overload, ",") {
				if kind := strings.TrimRight(strings.TrimSpace(part), "?+!"); kind != "" && !slices.Contains(kinds, kind) {
					t.Errorf("%s takes a %q, which is no kind", name, kind)
				}
			}
		}
	}
}

// Whatever a function is given, it gives a value of its type or null: nothing
// panics, and nothing explodes.
func TestFunctionsStandAnything(t *testing.T) {
	odd := map[schema.Type][]value.Value{
		schema.Long:     {value.Long(0), value.Long(-1), value.Long(1 << 62), value.Long(-1 << 63)},
		schema.Int:      {value.Int(0), value.Int(-1), value.Int(1<<31 - 1)},
		schema.Real:     {value.Real(0), value.Real(-1.5), value.Convert(value.String("nan"), schema.Real), value.Convert(value.String("-inf"), schema.Real), value.Real(1e300)},
		schema.Decimal:  {value.Dec(value.DecimalOf(0)), value.Dec(value.DecimalOf(-7))},
		schema.String:   {value.String(""), value.String("é☃\x00\xff"), value.String("day"), value.String("(")},
		schema.Bool:     {value.Bool(true)},
		schema.Datetime: {value.Datetime(0), value.Datetime(value.MaxDatetime)},
		schema.Timespan: {value.Timespan(0), value.Timespan(-1 << 63), value.Timespan(1<<63 - 1)},
		schema.Guid:     {value.GUID([16]byte{1})},
		schema.Dynamic:  {value.Null, value.Array(nil), value.Array([]value.Value{value.Null, value.Long(1), value.String("x")}), value.FromBag(value.NewBag(0)), value.String("text"), value.Long(3)},
	}
	for _, name := range function.Names() {
		f, _ := function.Find(name)
		for _, overload := range f.Args {
			for round := range 12 {
				args, described := arguments(overload, odd, round)
				if _, err := function.Match(f, described); err != nil {
					continue
				}
				eval := f.Eval
				if f.Make != nil {
					made, err := f.Make(described)
					if err != nil {
						continue // told when it is bound
					}
					eval = made
				}
				if !f.TakesNull && slices.ContainsFunc(args, value.Value.IsNull) {
					continue // never called
				}
				want := f.Type
				if f.TypeOf != nil {
					want = f.TypeOf(described)
				}
				got := eval(args)
				if k := schema.Type(got.Kind()); !got.IsNull() && want != schema.Dynamic && k != want && !(want == schema.Long && k == schema.Int || want == schema.Int && k == schema.Long) {
					t.Errorf("%s(%s) gives a %s, and says %s", name, value.Array(args).AppendJSON(nil), got.TypeName(), want)
				}
				if got.Size() > 128<<20 {
					t.Errorf("%s gives %d bytes", name, got.Size())
				}
			}
		}
	}
}

// arguments makes some for an overload, others each round.
func arguments(overload string, odd map[schema.Type][]value.Value, round int) (args []value.Value, described []function.Arg) {
	if overload == "" {
		return nil, nil
	}
	some := map[string]schema.Type{
		"scalar": schema.Dynamic, "notdynamic": schema.String, "number": schema.Real, "integer": schema.Long, "float": schema.Real, "summable": schema.Datetime,
		"orderable": schema.Timespan, "text": schema.String, "array": schema.Dynamic, "bag": schema.Dynamic,
	}
	for i, part := range strings.Split(overload, ",") {
		part = strings.TrimSpace(part)
		if strings.Contains(part, "?") && round%2 == 0 {
			continue
		}
		kind := strings.TrimRight(part, "?+!")
		t, ok := some[kind]
		if !ok {
			t = schema.ParseType(kind)
		}
		all := odd[t]
		if kind == "typeof" {
			t, all = schema.String, []value.Value{value.String("long")}
		}
		v := all[(round+i)%len(all)]
		args = append(args, v)
		described = append(described, function.Arg{Type: t, Const: &v, Name: "a"})
	}
	return args, described
}

func TestAWrongCallIsToldWhatIsWrong(t *testing.T) {
	substring, _ := function.Find("substring")
	for _, c := range []struct {
		args []function.Arg
		want string
	}{
		{[]function.Arg{{Type: schema.String}}, "it takes 2 to 3 arguments, and it got 1"},
		{[]function.Arg{{Type: schema.String}, {Type: schema.Real}}, "argument 2 is to be an integer, and is real"},
	} {
		if _, err := function.Match(substring, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Match = %v, want %q", err, c.want)
		}
	}
	if got := function.Signature(substring); got != "substring(scalar, integer, integer?)" {
		t.Errorf("Signature = %q", got)
	}
}
