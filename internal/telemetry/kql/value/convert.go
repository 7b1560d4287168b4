package value

import (
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Convert gives v as a value of a type, as Kusto's toint(), tostring() and their
// kin do: what can't be converted becomes null, and null becomes "" as a string.
// A dynamic converts as what is in it. Converting to dynamic keeps v.
func Convert(v Value, to schema.Type) Value {
	if v.kind == Kind(to) {
		return v
	}
	switch to {
	case schema.Dynamic:
		return v
	case schema.String:
		return String(v.Text())
	case schema.Bool:
		return toBool(v)
	case schema.Int:
		l := toLong(v)
		if l.kind == KindNull || l.Long() < math.MinInt32 || l.Long() > math.MaxInt32 {
			return Null
		}
		return Int(l.Long())
	case schema.Long:
		return toLong(v)
	case schema.Real:
		return toReal(v)
	case schema.Decimal:
		return toDecimal(v)
	case schema.Datetime:
		return toDatetime(v)
	case schema.Timespan:
		return toTimespan(v)
	case schema.Guid:
		if g, ok := ParseGUID(v.Str()); ok {
			return GUID(g)
		}
	}
	return Null
}

func toBool(v Value) Value {
	switch v.kind {
	case KindInt, KindLong:
		return Bool(v.bits != 0)
	case KindReal:
		return Bool(v.Real() != 0)
	case KindDecimal:
		return Bool(v.Decimal().Sign() != 0)
	case KindString:
		s := strings.TrimSpace(v.Str())
		switch {
		case strings.EqualFold(s, "true"):
			return Bool(true)
		case strings.EqualFold(s, "false"):
			return Bool(false)
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return Bool(n != 0)
		}
	}
	return Null
}

func toLong(v Value) Value {
	switch v.kind {
	case KindInt, KindLong, KindBool, KindDatetime, KindTimespan:
		return Long(v.Long())
	case KindReal:
		return longOf(v.Real())
	case KindDecimal:
		if n, ok := v.Decimal().Long(); ok {
			return Long(n)
		}
	case KindString:
		s := strings.TrimSpace(v.Str())
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return Long(n)
		}
		if hex, found := strings.CutPrefix(strings.ToLower(s), "0x"); found {
			if n, err := strconv.ParseUint(hex, 16, 64); err == nil {
				return Long(int64(n))
			}
			return Null
		}
		if r := toReal(v); r.kind == KindReal {
			return longOf(r.Real())
		}
	}
	return Null
}

// longOf cuts towards zero.
func longOf(f float64) Value {
	if !(f > -9.3e18 && f < 9.3e18) || math.Trunc(f) >= 1<<63 || math.Trunc(f) < -(1<<63) {
		return Null
	}
	return Long(int64(f))
}

func toReal(v Value) Value {
	switch v.kind {
	case KindInt, KindLong, KindBool, KindDatetime, KindTimespan, KindDecimal:
		f, _ := v.Float()
		return Real(f)
	case KindString:
		s := strings.TrimSpace(v.Str())
		switch strings.ToLower(s) {
		case "nan":
			return Real(math.NaN())
		case "inf", "+inf", "infinity":
			return Real(math.Inf(1))
		case "-inf", "-infinity":
			return Real(math.Inf(-1))
		}
		if strings.ContainsAny(s, "_xXpP") {
			if hex := toHex(s); hex.kind == KindLong {
				return Real(float64(hex.Long()))
			}
			return Null
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return Real(f)
		}
	}
	return Null
}

func toHex(s string) Value {
	if hex, found := strings.CutPrefix(strings.ToLower(s), "0x"); found {
		if n, err := strconv.ParseUint(hex, 16, 64); err == nil {
			return Long(int64(n))
		}
	}
	return Null
}

func toDecimal(v Value) Value {
	switch v.kind {
	case KindInt, KindLong, KindBool:
		return Dec(DecimalOf(v.Long()))
	case KindReal:
		if d, ok := DecimalOfFloat(v.Real()); ok {
			return Dec(d)
		}
	case KindString:
		if d, ok := ParseDecimal(v.Str()); ok {
			return Dec(d)
		}
	}
	return Null
}

func toDatetime(v Value) Value {
	switch v.kind {
	case KindInt, KindLong:
		if InRange(v.Long()) {
			return Datetime(v.Long())
		}
	case KindString:
		if ticks, ok := ParseDatetime(v.Str()); ok {
			return Datetime(ticks)
		}
	}
	return Null
}

func toTimespan(v Value) Value {
	switch v.kind {
	case KindInt, KindLong:
		return Timespan(v.Long())
	case KindString:
		if ticks, ok := ParseTimespan(v.Str()); ok {
			return Timespan(ticks)
		}
	}
	return Null
}

// TypeName is what gettype() says of v.
func (v Value) TypeName() string {
	switch v.kind {
	case KindNull:
		return "null"
	case KindArray:
		return "array"
	case KindBag:
		return "dictionary"
	case KindReal:
		return "double"
	}
	return schema.Type(v.kind).String()
}
