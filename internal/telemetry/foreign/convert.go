package foreign

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/members"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// fromText is a text as a value of a type. An empty text is null; false if it is
// no such value.
func fromText(s string, t schema.Type) (value.Value, bool) {
	switch {
	case t == schema.String:
		return value.String(s), true
	case s == "":
		return value.Null, true
	case t == schema.Datetime:
		ticks, ok := parseMoment(s)
		return value.Datetime(ticks), ok
	case t == schema.Dynamic:
		if v, ok := value.ParseJSON(s); ok {
			return v, true
		}
		return value.String(s), true
	}
	v := value.Convert(value.String(s), t)
	return v, !v.IsNull()
}

// fromJSON is a value of JSON as one of a type; false if it is none. A dynamic
// is unpacked where it is JSON in a string, as Azure writes it.
func fromJSON(v value.Value, t schema.Type) (value.Value, bool) {
	switch v.Kind() {
	case value.KindNull:
		if t == schema.String {
			return value.String(""), true
		}
		return v, true
	case value.KindString:
		return fromText(v.Str(), t)
	}
	c := value.Convert(v, t)
	return c, !c.IsNull() || t == schema.Dynamic
}

// blame finds which of a line's values were not of their columns' types, for the
// scanner counts them only together.
func (s *split) blame(line []byte, number int, lost losses) {
	wanted := map[string]schema.Type{}
	for _, i := range s.want {
		wanted[s.table.Columns[i].Name] = s.table.Columns[i].Type
	}
	var name []byte
	_ = members.Each(line, func(key, raw []byte) bool {
		name = members.AppendUnescaped(name[:0], key)
		t, want := wanted[string(name)]
		if !want {
			return true
		}
		v, ok := value.ParseJSON(strings.Clone(string(raw)))
		if ok {
			_, ok = fromJSON(v, t)
		}
		if !ok {
			lost.add(string(name), number, func() string { return fmt.Sprintf("%.40s is no %v", raw, t) })
		}
		return true
	})
}
