package function

import (
	"net/url"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxElements is how many elements Kusto lets an array that is made have.
const maxElements = 1_048_576

// dynamics are the functions on arrays, bags and sets.
func dynamics() []Func {
	dynamic := schema.Dynamic
	return []Func{
		{Name: "array_length", Args: []string{"array"}, Type: schema.Long, Eval: arrayLength},
		{Name: "arraylength", Args: []string{"array"}, Type: schema.Long, Eval: arrayLength},
		{Name: "array_concat", Args: []string{"array+"}, Type: dynamic, TakesNull: true, Eval: arrayConcat},
		{Name: "array_index_of", Args: []string{"array, scalar, integer?, integer?, integer!?"}, Type: schema.Long, Eval: arrayIndexOf},
		{Name: "array_slice", Args: []string{"array, integer, integer"}, Type: dynamic, Eval: arraySlice},
		{Name: "array_reverse", Args: []string{"array"}, Type: dynamic, Eval: arrayReverse},
		{Name: "array_rotate_left", Args: []string{"array, integer"}, Type: dynamic, Eval: rotate(1)},
		{Name: "array_rotate_right", Args: []string{"array, integer"}, Type: dynamic, Eval: rotate(-1)},
		{Name: "array_shift_left", Args: []string{"array, integer, scalar?"}, Type: dynamic, TakesNull: true, Eval: shift(1)},
		{Name: "array_shift_right", Args: []string{"array, integer, scalar?"}, Type: dynamic, TakesNull: true, Eval: shift(-1)},
		{Name: "array_split", Args: []string{"array, integer", "array, array"}, Type: dynamic, Eval: arraySplit},
		{Name: "array_sum", Args: []string{"array"}, Type: schema.Real, Eval: arraySum},
		{Name: "array_iff", Args: []string{"array, scalar, scalar"}, Type: dynamic, TakesNull: true, Eval: arrayIff},
		{Name: "array_iif", Args: []string{"array, scalar, scalar"}, Type: dynamic, TakesNull: true, Eval: arrayIff},
		{Name: "array_sort_asc", Args: []string{"array+, bool!?"}, Type: dynamic, Make: makeArraySort(1), Columns: sortColumns},
		{Name: "array_sort_desc", Args: []string{"array+, bool!?"}, Type: dynamic, Make: makeArraySort(-1), Columns: sortColumns},
		{Name: "zip", Args: []string{"array, array+"}, Type: dynamic, TakesNull: true, Eval: zip},
		{Name: "range", Args: []string{"summable, summable, summable?"}, Type: dynamic, Eval: rangeOf},
		{Name: "repeat", Args: []string{"scalar, long"}, Type: dynamic, Label: PrefixAndFirst, Prefix: "repeat", TakesNull: true, Eval: repeat},
		{Name: "pack_array", Args: []string{"scalar+"}, Type: dynamic, TakesNull: true, Eval: func(args []value.Value) value.Value { return value.Array(slices.Clone(args)) }},
		{Name: "bag_pack", Args: []string{"string, scalar+"}, Type: dynamic, TakesNull: true, Make: makePack},
		{Name: "pack", Args: []string{"string, scalar+"}, Type: dynamic, TakesNull: true, Make: makePack},
		{Name: "pack_dictionary", Args: []string{"string, scalar+"}, Type: dynamic, TakesNull: true, Make: makePack},
		{Name: "bag_keys", Args: []string{"bag"}, Type: dynamic, Eval: bagKeys},
		{Name: "bag_has_key", Args: []string{"bag, string"}, Type: schema.Bool, Eval: func(args []value.Value) value.Value {
			if args[0].Bag() == nil {
				return value.Null
			}
			path, err := keyPath(args[1].Str())
			if err != nil {
				return value.Null
			}
			_, ok := walk(args[0], path)
			return value.Bool(ok)
		}},
		{Name: "bag_merge", Args: []string{"bag, bag+"}, Type: dynamic, TakesNull: true, Eval: bagMerge},
		{Name: "bag_remove_keys", Args: []string{"bag, array"}, Type: dynamic, Eval: bagRemoveKeys},
		{Name: "bag_zip", Args: []string{"array, array"}, Type: dynamic, Eval: bagZip},
		{Name: "set_has_element", Args: []string{"array, scalar"}, Type: schema.Bool, Eval: setHas},
		{Name: "set_union", Args: []string{"array, array+"}, Type: dynamic, Eval: setUnion},
		{Name: "set_intersect", Args: []string{"array, array+"}, Type: dynamic, Eval: setKeep(true)},
		{Name: "set_difference", Args: []string{"array, array+"}, Type: dynamic, Eval: setKeep(false)},
		{Name: "set_equals", Args: []string{"array, array"}, Type: schema.Bool, Eval: setEquals},
		{Name: "parseurl", Args: []string{"string"}, Type: dynamic, Eval: parseURL},
		{Name: "parse_url", Args: []string{"string"}, Type: dynamic, Eval: parseURL},
		{Name: "parse_urlquery", Args: []string{"string"}, Type: dynamic, Eval: parseURLQuery},
		{Name: "parseurlquery", Args: []string{"string"}, Type: dynamic, Eval: parseURLQuery},
		{Name: "url_encode_component", Args: []string{"string"}, Type: schema.String, Eval: text1(encodeComponent)},
		{Name: "url_decode", Args: []string{"string"}, Type: schema.String, Eval: text1(func(s string) string {
			if d, err := url.PathUnescape(s); err == nil {
				return d
			}
			return s
		})},
	}
}

func isArray(v value.Value) bool { return v.Kind() == value.KindArray }

// isNumeric says whether v is a number, or a time, which counts as its ticks.
func isNumeric(v value.Value) bool {
	_, ok := v.Float()
	return ok && v.Kind() != value.KindBool
}

func arrayLength(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	return value.Long(int64(len(args[0].Elems())))
}

func arrayConcat(args []value.Value) value.Value {
	var all []value.Value
	for _, a := range args {
		all = append(all, a.Elems()...)
	}
	return value.Array(all[:min(len(all), maxElements)])
}

func arrayIndexOf(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	elems := args[0].Elems()
	n := int64(len(elems))
	start, length, occurrence := int64(0), int64(-1), int64(1)
	for i, to := range []*int64{&start, &length, &occurrence} {
		if len(args) > i+2 {
			*to = args[i+2].Long()
		}
	}
	if length < -1 || occurrence < 0 {
		return value.Null
	}
	if start < 0 {
		start = max(0, n+start)
	}
	end := n
	if length >= 0 {
		end = min(n, start+length)
	}
	for i := start; i < end; i++ {
		if value.Equal(elems[i], args[1]) {
			if occurrence--; occurrence <= 0 {
				return value.Long(i)
			}
		}
	}
	return value.Long(-1)
}

// arraySlice has both ends; negative ones count from the array's end.
func arraySlice(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	elems := args[0].Elems()
	n := int64(len(elems))
	from, to := args[1].Long(), args[2].Long()
	if from < 0 {
		from = max(0, n+from)
	}
	if to < 0 {
		to += n
	}
	to = min(to, n-1)
	if from > to {
		return value.Array(nil)
	}
	return value.Array(elems[from : to+1])
}

func arrayReverse(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	elems := slices.Clone(args[0].Elems())
	slices.Reverse(elems)
	return value.Array(elems)
}

func rotate(direction int64) Eval {
	return func(args []value.Value) value.Value {
		elems := args[0].Elems()
		n := int64(len(elems))
		if n == 0 {
			return args[0]
		}
		by := ((direction*args[1].Long())%n + n) % n
		return value.Array(append(slices.Clone(elems[by:]), elems[:by]...))
	}
}

func shift(direction int64) Eval {
	return func(args []value.Value) value.Value {
		if !isArray(args[0]) || args[1].IsNull() {
			return value.Null
		}
		elems := args[0].Elems()
		fill := value.Null
		if len(args) > 2 {
			fill = args[2]
		} else if len(elems) > 0 && elems[0].Kind() == value.KindString {
			fill = value.String("")
		}
		out := make([]value.Value, len(elems))
		for i := range out {
			out[i] = fill
			if from := int64(i) + direction*args[1].Long(); from >= 0 && from < int64(len(elems)) {
				out[i] = elems[from]
			}
		}
		return value.Array(out)
	}
}

func arraySplit(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	elems := args[0].Elems()
	n := int64(len(elems))
	at := args[1].Elems()
	if !isArray(args[1]) {
		at = args[1:2]
	}
	var parts []value.Value
	from := int64(0)
	for _, a := range at {
		i := a.Long()
		if i < 0 {
			i = max(0, n+i)
		}
		i = max(min(i, n), from)
		parts = append(parts, value.Array(elems[from:i]))
		from = i
	}
	return value.Array(append(parts, value.Array(elems[from:])))
}

func arraySum(args []value.Value) value.Value {
	sum := 0.0
	for _, e := range args[0].Elems() {
		f, ok := e.Float()
		if !ok && !e.IsNull() {
			return value.Null
		}
		sum += f
	}
	return value.Real(sum)
}

func arrayIff(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	pick := func(from value.Value, i int) value.Value {
		if !isArray(from) {
			return from
		}
		if i < len(from.Elems()) {
			return from.Elems()[i]
		}
		return value.Null
	}
	out := make([]value.Value, len(args[0].Elems()))
	for i, c := range args[0].Elems() {
		truth := value.Null
		if c.Kind() == value.KindBool || isNumeric(c) {
			truth = value.Convert(c, schema.Bool)
		}
		switch {
		case truth.IsNull():
		case truth.Bool():
			out[i] = pick(args[1], i)
		default:
			out[i] = pick(args[2], i)
		}
	}
	return value.Array(out)
}

func zip(args []value.Value) value.Value {
	n := 0
	for _, a := range args {
		n = max(n, len(a.Elems()))
	}
	out := make([]value.Value, n)
	for i := range out {
		tuple := make([]value.Value, len(args))
		for j, a := range args {
			if i < len(a.Elems()) {
				tuple[j] = a.Elems()[i]
			}
		}
		out[i] = value.Array(tuple)
	}
	return value.Array(out)
}

// rangeOf counts from the first to the second, by 1 or 1h unless told otherwise.
func rangeOf(args []value.Value) value.Value {
	from, to := args[0], args[1]
	real := from.Kind() == value.KindReal || to.Kind() == value.KindReal || len(args) > 2 && args[2].Kind() == value.KindReal
	var out []value.Value
	if real && from.Kind() != value.KindDatetime && from.Kind() != value.KindTimespan {
		a, _ := from.Float()
		z, _ := to.Float()
		by := 1.0
		if len(args) > 2 {
			by, _ = args[2].Float()
		}
		if by == 0 || by != by {
			return value.Null
		}
		for i := 0; i < maxElements; i++ {
			x := a + float64(i)*by
			if by > 0 && x > z || by < 0 && x < z || x != x {
				break
			}
			out = append(out, value.Real(x))
		}
		return value.Array(out)
	}
	by := int64(1)
	if from.Kind() == value.KindDatetime || from.Kind() == value.KindTimespan {
		by = value.Hour
	}
	if len(args) > 2 {
		by = args[2].Long()
	}
	if by == 0 {
		return value.Null
	}
	for x := from.Long(); len(out) < maxElements && (by > 0 && x <= to.Long() || by < 0 && x >= to.Long()); x += by {
		out = append(out, sameKind(from, x))
		if by > 0 && x > 1<<62 || by < 0 && x < -1<<62 {
			break
		}
	}
	return value.Array(out)
}

func repeat(args []value.Value) value.Value {
	n := args[1].Long()
	if args[1].IsNull() || n < 0 {
		return value.Null
	}
	out := make([]value.Value, min(n, maxElements))
	for i := range out {
		out[i] = args[0]
	}
	return value.Array(out)
}
