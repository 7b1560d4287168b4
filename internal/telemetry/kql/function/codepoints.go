package function

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// codepoints are the functions between texts and the numbers of their
// characters, punycode among them.
func codepoints() []Func {
	return []Func{
		{Name: "unicode_codepoints_from_string", Args: []string{"scalar"}, Type: schema.Dynamic, Eval: toCodepoints},
		{Name: "to_utf8", Args: []string{"scalar"}, Type: schema.Dynamic, Eval: toCodepoints},
		{Name: "unicode_codepoints_to_string", Args: []string{"scalar+"}, Type: schema.String, Make: makeFromCodepoints},
		{Name: "make_string", Args: []string{"scalar+"}, Type: schema.String, Make: makeFromCodepoints},
		{Name: "isutf8", Args: []string{"scalar"}, Type: schema.Bool, Eval: func(args []value.Value) value.Value { return value.Bool(utf8.ValidString(args[0].Text())) }},
		{Name: "punycode_from_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(punycode)},
		{Name: "punycode_to_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(unpunycode)},
		{Name: "punycode_domain_to_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(punycodeDomain)},
		{Name: "punycode_domain_from_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(unpunycodeDomain)},
	}
}

// textOK is a function of one text that may fail, and then gives none.
func textOK(of func(string) (string, bool)) Eval {
	return func(args []value.Value) value.Value {
		s, ok := of(args[0].Text())
		if !ok {
			return value.Null
		}
		return value.String(s)
	}
}

func toCodepoints(args []value.Value) value.Value {
	var out []value.Value
	for _, r := range args[0].Text() {
		out = append(out, value.Long(int64(r)))
	}
	return value.Array(out)
}

func makeFromCodepoints(described []Arg) (Eval, error) {
	for _, a := range described {
		if !a.Type.IsInteger() && a.Type != schema.Dynamic && a.Type != schema.Unknown {
			return nil, errors.New("it takes integers, and arrays of them")
		}
	}
	return func(args []value.Value) value.Value {
		var b strings.Builder
		add := func(v value.Value) bool {
			k := v.Kind()
			if k != value.KindInt && k != value.KindLong || v.Long() < 0 || v.Long() > utf8.MaxRune || !utf8.ValidRune(rune(v.Long())) {
				return false
			}
			b.WriteRune(rune(v.Long()))
			return true
		}
		for _, a := range args {
			if !isArray(a) && !add(a) {
				return value.Null
			}
			for _, e := range a.Elems() {
				if !add(e) {
					return value.Null
				}
			}
		}
		return value.String(b.String())
	}, nil
}
