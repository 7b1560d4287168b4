package syntax

import (
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// name writes a name, in brackets if it could not stand bare.
func (w *printer) name(n Name) {
	if isPlain(n.Text) {
		w.put(n.Text)
		return
	}
	if strings.Contains(n.Text, "*") && isPlain(strings.ReplaceAll(n.Text, "*", "a")) {
		w.put(n.Text)
		return
	}
	w.put("[")
	w.quoted(n.Text)
	w.put("]")
}

// reserved are words that would be read as something else where a name stands.
var reserved = []string{
	"and", "or", "in", "between", "has_any", "has_all", "matches", "true", "false", "null", "by", "on", "asc", "desc", "nulls",
	"with", "to", "from", "step", "of", "let", "set", "alias", "declare", "restrict", "default", "limit", "print", "range",
	"union", "search", "find", "datatable", "externaldata", "evaluate", "typeof", "kind", "hint", "h", "H", "view",
	"withsource", "with_source", "isfuzzy", "with_itemindex", "bagexpansion", "flags", "others",
}

func isPlain(s string) bool {
	if s == "" || !isLetter(s[0]) || textual[s] || slices.Contains(reserved, s) {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) {
			return false
		}
	}
	return schema.ParseType(s) == schema.Unknown
}

func (w *printer) quoted(s string) {
	w.put(`"`)
	for _, r := range []byte(s) {
		switch r {
		case '"', '\\':
			w.WriteByte('\\')
			w.WriteByte(r)
		case '\n':
			w.put(`\n`)
		case '\r':
			w.put(`\r`)
		case '\t':
			w.put(`\t`)
		case 0:
			w.put(`\0`)
		default:
			w.WriteByte(r)
		}
	}
	w.put(`"`)
}

// literal writes a constant so that it reads back with its type.
func (w *printer) literal(t schema.Type, v value.Value) {
	switch {
	case t == schema.Unknown:
		w.put("null")
	case t == schema.Dynamic:
		w.put("dynamic(")
		w.dynamic(v)
		w.put(")")
	case v.IsNull():
		w.put(t.String(), "(null)")
	case t == schema.String:
		w.quoted(v.Str())
	case t == schema.Bool:
		w.put(v.Text())
	case t == schema.Long && v.Long() >= 0:
		w.put(v.Text())
	case t == schema.Real:
		if f := v.Real(); math.IsNaN(f) || math.IsInf(f, 0) || math.Signbit(f) {
			w.put("real(", v.Text(), ")")
		} else {
			w.put(v.Text())
		}
	default:
		w.put(t.String(), "(", v.Text(), ")")
	}
}

func (w *printer) dynamic(v value.Value) {
	switch v.Kind() {
	case value.KindNull:
		w.put("null")
	case value.KindArray:
		w.put("[")
		for i, e := range v.Elems() {
			if i > 0 {
				w.put(",")
			}
			w.dynamic(e)
		}
		w.put("]")
	case value.KindBag:
		w.put("{")
		i := 0
		for k, e := range v.Bag().All() {
			if i++; i > 1 {
				w.put(",")
			}
			w.quoted(k)
			w.put(":")
			w.dynamic(e)
		}
		w.put("}")
	case value.KindLong:
		w.put(v.Text())
	case value.KindReal:
		if f := v.Real(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.put("real(", v.Text(), ")")
		} else {
			w.put(v.Text())
		}
	default:
		w.literal(schema.Type(v.Kind()), v)
	}
}
