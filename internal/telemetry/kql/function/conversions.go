package function

import (
	"strconv"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// conversions are the functions that give a value as another type, and those
// that ask whether there is one.
func conversions() []Func {
	var all []Func
	for name, t := range map[string]schema.Type{
		"tostring": schema.String, "tolong": schema.Long, "toint": schema.Int, "toreal": schema.Real, "todouble": schema.Real,
		"todatetime": schema.Datetime, "totimespan": schema.Timespan, "totime": schema.Timespan, "tobool": schema.Bool, "toboolean": schema.Bool, "todecimal": schema.Decimal,
	} {
		all = append(all, Func{Name: name, Args: []string{"scalar"}, Type: t, Label: FirstArgument, Eval: func(args []value.Value) value.Value { return value.Convert(args[0], t) }})
	}
	for name, takes := range map[string]string{"parse_json": "text", "parsejson": "text", "todynamic": "string", "toobject": "string"} {
		all = append(all, Func{Name: name, Args: []string{takes}, Type: schema.Dynamic, Label: FirstArgument, Eval: parseJSON})
	}
	for name, of := range map[string]func(value.Value) bool{
		"isnull": value.Value.IsNull, "isnotnull": func(v value.Value) bool { return !v.IsNull() }, "notnull": func(v value.Value) bool { return !v.IsNull() },
		"isempty": isEmpty, "isnotempty": func(v value.Value) bool { return !isEmpty(v) }, "notempty": func(v value.Value) bool { return !isEmpty(v) },
	} {
		all = append(all, Func{Name: name, Args: []string{"scalar"}, Type: schema.Bool, TakesNull: true, Eval: func(args []value.Value) value.Value { return value.Bool(of(args[0])) }})
	}
	return append(all,
		Func{Name: "toguid", Args: []string{"text"}, Type: schema.Guid, Label: FirstArgument, Eval: func(args []value.Value) value.Value { return value.Convert(args[0], schema.Guid) }},
		Func{Name: "tohex", Args: []string{"integer, integer?"}, Type: schema.String, Label: FirstArgument, Eval: toHex},
		Func{Name: "gettype", Args: []string{"scalar"}, Type: schema.String, Label: PrefixAndFirst, Prefix: "type", TakesNull: true, Make: makeGetType},
		Func{Name: "dynamic_to_json", Args: []string{"scalar"}, Type: schema.String, TakesNull: true, Make: makeDynamicToJSON},
	)
}

func isEmpty(v value.Value) bool { return v.IsNull() || v.Kind() == value.KindString && v.Str() == "" }

// parseJSON reads a text as JSON; one that is none stays a text.
func parseJSON(args []value.Value) value.Value {
	if args[0].Kind() != value.KindString {
		return args[0]
	}
	text := args[0].Str()
	if text == "" {
		return value.Null
	}
	if v, ok := value.ParseJSON(text); ok {
		return v
	}
	return args[0]
}

func toHex(args []value.Value) value.Value {
	bits := uint64(args[0].Long())
	if args[0].Kind() == value.KindInt {
		bits = uint64(uint32(args[0].Long()))
	}
	text := strconv.FormatUint(bits, 16)
	if len(args) > 1 {
		for int64(len(text)) < min(args[1].Long(), 16) {
			text = "0" + text
		}
	}
	return value.String(text)
}

// makeGetType names the type of what is in a dynamic, and of anything else the
// type that it was declared with, null or not.
func makeGetType(args []Arg) (Eval, error) {
	t := args[0].Type
	return func(args []value.Value) value.Value {
		switch {
		case t == schema.Dynamic || t == schema.Unknown:
			return value.String(args[0].TypeName())
		case t == schema.Real:
			return value.String("real")
		}
		return value.String(t.String())
	}, nil
}

// makeDynamicToJSON writes a dynamic as JSON, and anything else as tostring does.
func makeDynamicToJSON(described []Arg) (Eval, error) {
	if t := described[0].Type; t != schema.Dynamic && t != schema.Unknown {
		return func(args []value.Value) value.Value { return value.Convert(args[0], schema.String) }, nil
	}
	return func(args []value.Value) value.Value { return value.String(string(sorted(args[0]).AppendJSON(nil))) }, nil
}

// sorted is a dynamic with the properties of its bags in the order of their names.
func sorted(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindArray:
		elems := make([]value.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			elems[i] = sorted(e)
		}
		return value.Array(elems)
	case value.KindBag:
		b := value.NewBag(v.Bag().Len())
		for _, key := range keysOf(v, true) {
			e, _ := v.Bag().Get(key)
			b.Set(key, sorted(e))
		}
		return value.FromBag(b)
	}
	return v
}
