package aggregate

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxElements is how many elements Kusto lets an array that is made have.
const maxElements = 1_048_576

func limitOf(args []function.Arg) int {
	if len(args) > 1 && args[1].Const != nil && args[1].Const.Long() >= 0 {
		return int(min(args[1].Const.Long(), maxElements))
	}
	return maxElements
}

type list struct {
	elems []value.Value
	limit int
	nulls bool
}

func newList(nulls bool) func([]function.Arg) (func() State, error) {
	return func(args []function.Arg) (func() State, error) {
		limit := limitOf(args)
		return func() State { return &list{limit: limit, nulls: nulls} }, nil
	}
}

func (l *list) Add(args []value.Value) int64 {
	if args[0].IsNull() && !l.nulls || len(l.elems) >= l.limit {
		return 0
	}
	v := args[0].Clone()
	l.elems = append(l.elems, v)
	return 32 + v.Size()
}

func (l *list) Merge(o State) {
	l.elems = append(l.elems, o.(*list).elems...)
	l.elems = l.elems[:min(len(l.elems), l.limit)]
}
func (l *list) Result() value.Value { return value.Array(l.elems) }

// distinct keeps one of each value, in the order in which they came.
type distinct struct {
	seen  map[string]struct{}
	key   []byte
	elems []value.Value // nil unless wanted
	keep  bool
	limit int
}

func newDistinct() *distinct { return &distinct{seen: map[string]struct{}{}, limit: 1 << 62} }

func newSet(args []function.Arg) (func() State, error) {
	limit := limitOf(args)
	return func() State { return &distinct{seen: map[string]struct{}{}, keep: true, limit: limit} }, nil
}

func (d *distinct) Add(args []value.Value) int64 {
	if args[0].IsNull() || len(d.seen) >= d.limit {
		return 0
	}
	if d.keep && args[0].Kind() == value.KindArray {
		// make_set of arrays takes their elements.
		grown := int64(0)
		for _, e := range args[0].Elems() {
			grown += d.Add([]value.Value{e})
		}
		return grown
	}
	d.key = args[0].AppendKey(d.key[:0])
	if _, ok := d.seen[string(d.key)]; ok {
		return 0
	}
	d.seen[string(d.key)] = struct{}{}
	grown := int64(len(d.key) + 48)
	if d.keep {
		v := args[0].Clone()
		d.elems = append(d.elems, v)
		grown += 32 + v.Size()
	}
	return grown
}

func (d *distinct) Merge(o State) {
	other := o.(*distinct)
	if d.keep {
		for _, e := range other.elems {
			d.Add([]value.Value{e})
		}
		return
	}
	for k := range other.seen {
		d.seen[k] = struct{}{}
	}
}

func (d *distinct) Result() value.Value {
	if d.keep {
		return value.Array(d.elems)
	}
	return value.Long(int64(len(d.seen)))
}

type bag struct {
	bag   *value.Bag
	limit int
}

func newBag(args []function.Arg) (func() State, error) {
	limit := limitOf(args)
	return func() State { return &bag{value.NewBag(8), limit} }, nil
}

func (b *bag) Add(args []value.Value) (grown int64) {
	if args[0].Kind() != value.KindBag {
		return 0
	}
	for k, v := range args[0].Bag().All() {
		if _, there := b.bag.Get(k); there || b.bag.Len() >= b.limit {
			continue
		}
		v = v.Clone()
		b.bag.Set(string([]byte(k)), v)
		grown += 80 + int64(len(k)) + v.Size()
	}
	return grown
}

func (b *bag) Merge(o State)       { b.Add([]value.Value{value.FromBag(o.(*bag).bag)}) }
func (b *bag) Result() value.Value { return value.FromBag(b.bag) }

// someRow keeps the arguments of one row: the first, or the one whose first
// argument is the greatest (sign 1) or smallest (−1).
type someRow struct {
	row    []value.Value
	sign   int
	single bool
}

func newAny(args []function.Arg) (func() State, error) {
	single := len(args) == 1
	return func() State { return &someRow{single: single} }, nil
}

func newArg(sign int) func([]function.Arg) (func() State, error) {
	return func(args []function.Arg) (func() State, error) {
		return func() State { return &someRow{sign: sign, single: len(args) == 1} }, nil
	}
}

func (s *someRow) Add(args []value.Value) int64 {
	if s.row != nil {
		if s.sign == 0 && !(s.single && s.row[0].IsNull() && !args[0].IsNull()) {
			return 0
		}
		if s.sign != 0 {
			switch {
			case args[0].IsNull():
				return 0
			case !s.row[0].IsNull() && s.sign*value.Compare(args[0], s.row[0]) <= 0:
				return 0
			}
		}
	}
	if s.row == nil {
		s.row = make([]value.Value, len(args))
	}
	grown := int64(0)
	for i, v := range args {
		grown += 24 - s.row[i].Size()
		s.row[i] = v.Clone()
		grown += s.row[i].Size()
	}
	return grown
}

func (s *someRow) Merge(o State) {
	if row := o.(*someRow).row; row != nil {
		s.Add(row)
	}
}

func (s *someRow) Result() value.Value {
	switch {
	case s.single && s.row == nil:
		return value.Null
	case s.single:
		return s.row[0]
	}
	return value.Array(s.row) // none of no rows: the caller fills up with nulls
}

func anyColumns(prefix string) func([]function.Arg) []schema.Column {
	return func(args []function.Arg) (out []schema.Column) {
		for _, a := range args {
			name := a.Name
			if prefix != "" {
				name = prefix + "_" + a.Name
			}
			out = append(out, schema.Column{Name: name, Type: a.Type})
		}
		return out
	}
}

func argColumns(prefix string) func([]function.Arg) []schema.Column {
	return func(args []function.Arg) (out []schema.Column) {
		for i, a := range args {
			name := a.Name
			if i == 0 && name == "" {
				name = prefix + "_"
			}
			out = append(out, schema.Column{Name: name, Type: a.Type})
		}
		return out
	}
}
