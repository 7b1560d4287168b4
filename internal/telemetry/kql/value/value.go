// Package value holds the scalars of KQL: what one is, how it is written and
// read, how two compare.
//
// A Value is small (24 bytes), is passed by value and never changes; arrays and
// bags are shared, so nobody writes to them once they are in a Value. Null is
// the zero Value and belongs to every type but string, whose empty value is "".
// Datetimes and timespans are counted in ticks of 100 ns, datetimes from the
// year 1, as in Kusto.
package value

import (
	"math"
	"unsafe"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Kind tells what a Value holds: the kinds of schema.Type, null, array and bag.
// A Value of static type dynamic has the kind of what is in it.
type Kind uint8

// The kinds.
const (
	KindNull     = Kind(schema.Unknown)
	KindBool     = Kind(schema.Bool)
	KindInt      = Kind(schema.Int)
	KindLong     = Kind(schema.Long)
	KindReal     = Kind(schema.Real)
	KindDecimal  = Kind(schema.Decimal)
	KindDatetime = Kind(schema.Datetime)
	KindTimespan = Kind(schema.Timespan)
	KindString   = Kind(schema.String)
	KindGuid     = Kind(schema.Guid)
	KindArray    = Kind(schema.Dynamic) + 1
	KindBag      = Kind(schema.Dynamic) + 2
)

// Value is one scalar. The zero Value is null.
type Value struct {
	ptr  unsafe.Pointer // string: its bytes; array: its first element; decimal, guid, bag: the thing
	bits uint64         // bool, int, long, ticks, float bits; lengths of strings and arrays
	kind Kind
}

// Null is the null of all types.
var Null Value

// Bool makes a bool.
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.bits = 1
	}
	return v
}

// Int makes a 32-bit integer; the caller has checked its range.
func Int(i int64) Value { return Value{kind: KindInt, bits: uint64(i)} }

// Long makes a 64-bit integer.
func Long(i int64) Value { return Value{kind: KindLong, bits: uint64(i)} }

// Real makes a floating-point number.
func Real(f float64) Value { return Value{kind: KindReal, bits: math.Float64bits(f)} }

// Datetime makes a moment of ticks since 0001-01-01 UTC.
func Datetime(ticks int64) Value { return Value{kind: KindDatetime, bits: uint64(ticks)} }

// Timespan makes a span of ticks.
func Timespan(ticks int64) Value { return Value{kind: KindTimespan, bits: uint64(ticks)} }

// String makes a string.
func String(s string) Value {
	return Value{kind: KindString, ptr: unsafe.Pointer(unsafe.StringData(s)), bits: uint64(len(s))}
}

// GUID makes a guid.
func GUID(g [16]byte) Value { return Value{kind: KindGuid, ptr: unsafe.Pointer(&g)} }

// Dec makes a decimal.
func Dec(d Decimal) Value { return Value{kind: KindDecimal, ptr: unsafe.Pointer(&d)} }

// Array makes a dynamic array and keeps elems.
func Array(elems []Value) Value {
	return Value{kind: KindArray, ptr: unsafe.Pointer(unsafe.SliceData(elems)), bits: uint64(len(elems))}
}

// FromBag makes a dynamic property bag and keeps b.
func FromBag(b *Bag) Value { return Value{kind: KindBag, ptr: unsafe.Pointer(b)} }

// Kind is what v holds.
func (v Value) Kind() Kind { return v.kind }

// IsNull says whether v is null. The empty string is not.
func (v Value) IsNull() bool { return v.kind == KindNull }

// Bool is the truth of a bool, and false for all else.
func (v Value) Bool() bool { return v.kind == KindBool && v.bits != 0 }

// Long is the number of an int or long, the ticks of a datetime or timespan,
// and 0 or 1 of a bool. For all else it has no meaning.
func (v Value) Long() int64 { return int64(v.bits) }

// Real is the number of a real. For all else it has no meaning; see Float.
func (v Value) Real() float64 { return math.Float64frombits(v.bits) }

// Float is the number of an int, long, real or decimal, the ticks of a datetime
// or timespan, and 0 or 1 of a bool; ok is false for all else.
func (v Value) Float() (f float64, ok bool) {
	switch v.kind {
	case KindReal:
		return v.Real(), true
	case KindBool, KindInt, KindLong, KindDatetime, KindTimespan:
		return float64(int64(v.bits)), true
	case KindDecimal:
		return v.Decimal().Float(), true
	}
	return 0, false
}

// Str is the text of a string, and "" for all else.
func (v Value) Str() string {
	if v.kind != KindString || v.bits == 0 {
		return ""
	}
	return unsafe.String((*byte)(v.ptr), int(v.bits))
}

// GUID is the guid, zero for all else.
func (v Value) GUID() [16]byte {
	if v.kind != KindGuid {
		return [16]byte{}
	}
	return *(*[16]byte)(v.ptr)
}

// Decimal is the decimal, zero for all else.
func (v Value) Decimal() Decimal {
	if v.kind != KindDecimal {
		return Decimal{}
	}
	return *(*Decimal)(v.ptr)
}

// Elems are the elements of an array, none for all else. They are not to be changed.
func (v Value) Elems() []Value {
	if v.kind != KindArray || v.bits == 0 {
		return nil
	}
	return unsafe.Slice((*Value)(v.ptr), int(v.bits))
}

// Bag is the property bag, nil for all else. It is not to be changed.
func (v Value) Bag() *Bag {
	if v.kind != KindBag {
		return nil
	}
	return (*Bag)(v.ptr)
}

// Size is about how many bytes v holds on to besides its own 24.
func (v Value) Size() int64 {
	switch v.kind {
	case KindString:
		return int64(v.bits)
	case KindGuid:
		return 16
	case KindDecimal:
		return 48
	case KindArray:
		n := int64(0)
		for _, e := range v.Elems() {
			n += 24 + e.Size()
		}
		return n
	case KindBag:
		n := int64(64)
		for k, e := range v.Bag().All() {
			n += 40 + int64(len(k)) + e.Size()
		}
		return n
	}
	return 0
}

// Clone is v with copies of its texts, so that the buffer that they lay in may be
// used again.
func (v Value) Clone() Value {
	switch v.kind {
	case KindString:
		if v.bits > 0 {
			return String(string([]byte(v.Str())))
		}
	case KindArray:
		elems := make([]Value, len(v.Elems()))
		for i, e := range v.Elems() {
			elems[i] = e.Clone()
		}
		return Array(elems)
	case KindBag:
		b := NewBag(v.Bag().Len())
		for k, e := range v.Bag().All() {
			b.Set(string([]byte(k)), e.Clone())
		}
		return FromBag(b)
	}
	return v
}
