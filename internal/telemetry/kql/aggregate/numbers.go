package aggregate

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// count counts rows.
type count struct{ n int64 }

func (c *count) Add([]value.Value) int64 { c.n++; return 0 }
func (c *count) Merge(o State)           { c.n += o.(*count).n }
func (c *count) Result() value.Value     { return value.Long(c.n) }

// newSum chooses by type: integers are summed as such, reals with a correction
// for what rounding loses, so that the order of the rows hardly shows.
func newSum(args []function.Arg) (func() State, error) {
	switch t := args[0].Type; t {
	case schema.Int, schema.Long:
		return func() State { return &wholeSum{make: value.Long} }, nil
	case schema.Timespan:
		return func() State { return &wholeSum{make: value.Timespan} }, nil
	case schema.Datetime:
		return func() State { return &wholeSum{make: value.Datetime} }, nil
	case schema.Decimal:
		return func() State { return new(decimalSum) }, nil
	case schema.Dynamic:
		return func() State { return &realSum{dynamic: true} }, nil
	}
	return func() State { return new(realSum) }, nil
}

type wholeSum struct {
	sum  int64
	n    int64
	make func(int64) value.Value
}

func (s *wholeSum) Add(args []value.Value) int64 {
	if !args[0].IsNull() {
		s.sum += args[0].Long()
		s.n++
	}
	return 0
}
func (s *wholeSum) Merge(o State)       { s.sum += o.(*wholeSum).sum; s.n += o.(*wholeSum).n }
func (s *wholeSum) Result() value.Value { return s.make(s.sum) }

// realSum is Neumaier's compensated sum.
type realSum struct {
	sum, lost float64
	n         int64
	dynamic   bool
	fraction  bool // something was not whole
}

func (s *realSum) Add(args []value.Value) int64 {
	f, ok := args[0].Float()
	if !ok || s.dynamic && args[0].Kind() == value.KindBool {
		return 0
	}
	s.fraction = s.fraction || args[0].Kind() == value.KindReal
	s.n++
	s.add(f)
	return 0
}

func (s *realSum) add(f float64) {
	t := s.sum + f
	switch {
	case math.IsInf(t, 0):
		s.lost = 0
	case math.Abs(s.sum) >= math.Abs(f):
		s.lost += (s.sum - t) + f
	default:
		s.lost += (f - t) + s.sum
	}
	s.sum = t
}

func (s *realSum) Merge(o State) {
	other := o.(*realSum)
	s.add(other.sum)
	s.lost += other.lost
	s.n += other.n
	s.fraction = s.fraction || other.fraction
}

func (s *realSum) total() float64 { return s.sum + s.lost }

func (s *realSum) Result() value.Value {
	if s.dynamic && !s.fraction {
		return value.Long(int64(s.total()))
	}
	return value.Real(s.total())
}

type decimalSum struct {
	sum value.Decimal
	n   int64
}

func (s *decimalSum) Add(args []value.Value) int64 {
	if !args[0].IsNull() {
		s.sum = s.sum.Add(args[0].Decimal())
		s.n++
	}
	return 0
}

func (s *decimalSum) Merge(o State) {
	s.sum = s.sum.Add(o.(*decimalSum).sum)
	s.n += o.(*decimalSum).n
}
func (s *decimalSum) Result() value.Value { return value.Dec(s.sum) }

// newAvg divides a sum by the number of rows that were not null.
func newAvg(args []function.Arg) (func() State, error) {
	switch args[0].Type {
	case schema.Timespan:
		return func() State { return &tickMean{make: value.Timespan} }, nil
	case schema.Datetime:
		return func() State { return &tickMean{make: value.Datetime} }, nil
	case schema.Decimal:
		return func() State { return new(decimalMean) }, nil
	}
	return func() State { return new(realMean) }, nil
}

type realMean struct{ realSum }

func (m *realMean) Merge(o State) { m.realSum.Merge(&o.(*realMean).realSum) }

// Result of no rows is not a number, as in Kusto.
func (m *realMean) Result() value.Value { return value.Real(m.total() / float64(m.n)) }

type decimalMean struct{ decimalSum }

func (m *decimalMean) Merge(o State) { m.decimalSum.Merge(&o.(*decimalMean).decimalSum) }

func (m *decimalMean) Result() value.Value {
	d, ok := m.sum.Div(value.DecimalOf(m.n))
	if !ok {
		return value.Null
	}
	return value.Dec(d)
}

// tickMean keeps whole ticks and their remainder apart, since a sum of datetimes
// does not fit 64 bits.
type tickMean struct {
	high, low int64 // sum = high<<32 + low
	n         int64
	make      func(int64) value.Value
}

func (m *tickMean) Add(args []value.Value) int64 {
	if !args[0].IsNull() {
		t := args[0].Long()
		m.high += t >> 32
		m.low += t & (1<<32 - 1)
		m.n++
	}
	return 0
}

func (m *tickMean) Merge(o State) {
	other := o.(*tickMean)
	m.high += other.high
	m.low += other.low
	m.n += other.n
}

func (m *tickMean) Result() value.Value {
	if m.n == 0 {
		return value.Null
	}
	q, r := m.high/m.n, m.high%m.n
	// r < n, so that r<<32 fits as long as there are fewer than 2^31 rows; beyond,
	// the division in floating point is off by less than a tick in 2^20.
	if m.n < 1<<31 {
		return m.make(q<<32 + (r<<32+m.low)/m.n)
	}
	return m.make(q<<32 + int64((float64(r)*(1<<32)+float64(m.low))/float64(m.n)))
}

// extreme is the smallest or the greatest value.
type extreme struct {
	best value.Value
	sign int
}

func (e *extreme) Add(args []value.Value) int64 {
	v := args[0]
	if v.IsNull() || v.Kind() == value.KindReal && v.Real() != v.Real() {
		return 0
	}
	if e.best.IsNull() || e.sign*value.Compare(v, e.best) > 0 {
		old := e.best.Size()
		e.best = v.Clone()
		return e.best.Size() - old
	}
	return 0
}

func (e *extreme) Merge(o State)       { e.Add([]value.Value{o.(*extreme).best}) }
func (e *extreme) Result() value.Value { return e.best }

// moments is Welford's mean and sum of squared distances, merged after Chan,
// Golub and LeVeque.
type moments struct {
	n            int64
	mean, m2     float64
	root, sample bool
}

func (m *moments) Add(args []value.Value) int64 {
	x, ok := args[0].Float()
	if !ok {
		return 0
	}
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += d * (x - m.mean)
	return 0
}

func (m *moments) Merge(o State) {
	b := o.(*moments)
	if b.n == 0 {
		return
	}
	n := float64(m.n + b.n)
	d := b.mean - m.mean
	m.m2 += b.m2 + d*d*float64(m.n)*float64(b.n)/n
	m.mean += d * float64(b.n) / n
	m.n += b.n
}

func (m *moments) Result() value.Value {
	n := float64(m.n)
	if m.sample {
		n--
	}
	if m.n == 0 || n == 0 {
		return value.Real(0)
	}
	v := m.m2 / n
	if m.root {
		v = math.Sqrt(v)
	}
	return value.Real(v)
}

// bits folds integers.
type bits struct {
	acc  int64
	fold func(a, b int64) int64
	any  bool
}

func newBinary(start int64, fold func(a, b int64) int64) func([]function.Arg) (func() State, error) {
	return states(func() State { return &bits{acc: start, fold: fold} })
}

func (b *bits) Add(args []value.Value) int64 {
	if !args[0].IsNull() {
		b.acc, b.any = b.fold(b.acc, args[0].Long()), true
	}
	return 0
}

func (b *bits) Merge(o State) {
	b.acc, b.any = b.fold(b.acc, o.(*bits).acc), b.any || o.(*bits).any
}

func (b *bits) Result() value.Value {
	if !b.any {
		return value.Null
	}
	return value.Long(b.acc)
}
