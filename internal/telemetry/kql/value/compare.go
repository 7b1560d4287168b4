package value

import (
	"cmp"
	"math"
)

// Compare orders two values: nulls first, then numbers, datetimes, timespans and
// so on by kind; within a kind by value, NaN below all numbers. Integers and
// reals compare exactly, as numbers. Arrays and bags compare as their JSON.
func Compare(a, b Value) int {
	if a.kind == b.kind {
		switch a.kind {
		case KindNull:
			return 0
		case KindBool:
			return cmp.Compare(a.bits, b.bits)
		case KindInt, KindLong, KindDatetime, KindTimespan:
			return cmp.Compare(int64(a.bits), int64(b.bits))
		case KindReal:
			return cmp.Compare(a.Real(), b.Real())
		case KindString:
			return cmp.Compare(a.Str(), b.Str())
		case KindDecimal:
			return a.Decimal().Compare(b.Decimal())
		case KindGuid:
			return cmp.Compare(a.Text(), b.Text())
		}
		return cmp.Compare(string(a.AppendJSON(nil)), string(b.AppendJSON(nil)))
	}
	if isNumber(a.kind) && isNumber(b.kind) {
		return compareNumbers(a, b)
	}
	return cmp.Compare(a.kind, b.kind)
}

// Equal says whether two values are the same; numbers of different kinds are if
// they are equal as numbers, bags whatever the order of their properties. Two
// nulls are equal here; what == makes of them, the operator decides.
func Equal(a, b Value) bool {
	switch {
	case a.kind == KindString && b.kind == KindString:
		return a.Str() == b.Str()
	case a.kind == KindArray && b.kind == KindArray:
		x, y := a.Elems(), b.Elems()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case a.kind == KindBag && b.kind == KindBag:
		if a.Bag().Len() != b.Bag().Len() {
			return false
		}
		for k, x := range a.Bag().All() {
			if y, ok := b.Bag().Get(k); !ok || !Equal(x, y) {
				return false
			}
		}
		return true
	case a.kind == KindGuid && b.kind == KindGuid:
		return a.GUID() == b.GUID()
	}
	return Compare(a, b) == 0
}

func isNumber(k Kind) bool { return k >= KindInt && k <= KindDecimal }

func compareNumbers(a, b Value) int {
	switch {
	case a.kind == KindDecimal || b.kind == KindDecimal:
		x, okX := decimalOf(a)
		y, okY := decimalOf(b)
		if okX && okY {
			return x.Compare(y)
		}
	case a.kind != KindReal && b.kind != KindReal:
		return cmp.Compare(a.Long(), b.Long())
	}
	x, _ := a.Float()
	y, _ := b.Float()
	return cmp.Compare(x, y)
}

func decimalOf(v Value) (Decimal, bool) {
	switch v.kind {
	case KindDecimal:
		return v.Decimal(), true
	case KindReal:
		return DecimalOfFloat(v.Real())
	}
	return DecimalOf(v.Long()), true
}

// AppendKey writes bytes that are the same for values that are Equal, and
// differ for others: the key of a group or a join.
func (v Value) AppendKey(to []byte) []byte {
	kind := v.kind
	bits := v.bits
	switch kind {
	case KindInt:
		kind = KindLong
	case KindReal:
		f := v.Real()
		if i := int64(f); float64(i) == f && math.Abs(f) < 1<<62 {
			kind, bits = KindLong, uint64(i)
		} else if f != f {
			bits = 1
		}
	case KindDecimal:
		if d := v.Decimal().trimmed(); d.scale == 0 && d.int().IsInt64() {
			kind, bits = KindLong, uint64(d.int().Int64())
		} else {
			text := v.Decimal().String()
			return append(append(append(to, byte(kind)), byte(len(text))), text...)
		}
	case KindNull:
		return append(to, byte(kind))
	case KindString:
		s := v.Str()
		to = append(to, byte(kind), byte(len(s)), byte(len(s)>>8), byte(len(s)>>16), byte(len(s)>>24))
		return append(to, s...)
	case KindGuid:
		g := v.GUID()
		return append(append(to, byte(kind)), g[:]...)
	case KindArray:
		to = append(to, byte(kind), byte(v.bits), byte(v.bits>>8), byte(v.bits>>16), byte(v.bits>>24))
		for _, e := range v.Elems() {
			to = e.AppendKey(to)
		}
		return to
	case KindBag:
		text := v.AppendJSON(nil)
		to = append(to, byte(kind), byte(len(text)), byte(len(text)>>8), byte(len(text)>>16), byte(len(text)>>24))
		return append(to, text...)
	}
	return append(to, byte(kind),
		byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24),
		byte(bits>>32), byte(bits>>40), byte(bits>>48), byte(bits>>56))
}
