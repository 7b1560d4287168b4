// Package requests makes rows of the table requests as a busy app of some routes leaves them: the benches of the store and of KQL read and write these.
//
// The same plan gives the same rows, on every machine, so that answers can be
// compared. Rows come in the order in which requests end, while their time is
// that of their beginning: as in life, times are a little out of order. For
// forty minutes in the middle the app is in trouble: slower, and failing more.
// Begin with New and Next.
package requests

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// Plan is which rows.
type Plan struct {
	Rows int
	From time.Time
	Span time.Duration // over which the requests end
	Seed uint64
}

// DefaultPlan spreads the rows over six hours of a morning in April.
func DefaultPlan(rows int) Plan {
	return Plan{Rows: rows, From: time.Date(2026, 4, 5, 1, 30, 0, 0, time.UTC), Span: 6 * time.Hour, Seed: 414}
}

// Trouble is when the app is in trouble, in ticks: forty minutes, or what there
// is of them, from the middle on.
func (p Plan) Trouble() (from, to int64) {
	from = value.Ticks(p.From.Add(p.Span / 2))
	return from, from + min(40*value.Minute, value.SpanOf(p.Span/2))
}

// route is a kind of request: how often in a thousand, and its duration's
// median in milliseconds and spread (the sigma of a lognormal distribution).
type route struct {
	name, path, query string
	often             int
	median, sigma     float64
}

var routes = [...]route{
	{"GET /orders/{id}", "/orders/", "", 420, 9, 0.5},
	{"GET /orders", "/orders", "?page=", 180, 24, 0.6},
	{"POST /orders", "/orders", "", 120, 41, 0.5},
	{"GET /customers/{id}/basket", "/customers/", "", 140, 15, 0.7},
	{"GET /health", "/health", "", 90, 0.6, 0.3},
	{"POST /reports/render", "/reports/render", "?job=", 50, 380, 0.8},
}

// Stream gives the rows one by one. It belongs to one goroutine.
type Stream struct {
	plan        Plan
	random      *rand.Rand
	made        int
	start       int64
	step        float64 // ticks from one end to the next, on average
	from, until int64   // trouble
	row         []byte
}

// New begins at the first row.
func New(p Plan) *Stream {
	s := &Stream{plan: p, random: rand.New(rand.NewPCG(p.Seed, 1)), start: value.Ticks(p.From)}
	s.step = float64(value.SpanOf(p.Span)) / float64(max(p.Rows, 1))
	s.from, s.until = p.Trouble()
	return s
}

// Next is one more row: its time in ticks, when its request ended, and a JSON
// object without a line's end, good until the next call. A stream goes on behind
// its plan's rows at the same pace.
func (s *Stream) Next() (at, ended int64, row []byte) {
	r := s.random
	ended = s.start + int64((float64(s.made)+r.Float64())*s.step)
	s.made++
	trouble := ended >= s.from && ended < s.until
	which := &routes[pick(r.IntN(1000))]
	ms := which.median * math.Exp(which.sigma*r.NormFloat64())
	failing := 6
	if trouble {
		ms, failing = ms*2.5, 60
	}
	code := "200"
	if r.IntN(1000) < failing {
		code = [...]string{"500", "500", "502", "503", "504"}[r.IntN(5)]
		ms *= 3
	} else if r.IntN(1000) < 4 {
		code = "404"
	}
	ms = math.Round(ms*1e4) / 1e4
	at = ended - int64(ms*float64(value.Millisecond))
	s.write(which, at, ms, code, trouble)
	return at, ended, s.row
}

func pick(n int) int {
	for i := range routes {
		if n -= routes[i].often; n < 0 {
			return i
		}
	}
	return 0
}

// write builds the row, its members in the order of the table's columns.
func (s *Stream) write(which *route, at int64, ms float64, code string, trouble bool) {
	r := s.random
	worker := "w" + string(rune('1'+r.IntN(4)))
	success, band := "True", "healthy"
	if code != "200" {
		success = "False"
	}
	if trouble && r.IntN(4) > 0 {
		band = "degraded"
	}
	b := append(s.row[:0], `{"timestamp":"`...)
	b = value.AppendDatetime(b, at)
	b = append(b, `","duration":`...)
	b = strconv.AppendFloat(b, ms, 'f', -1, 64)
	b = append(append(b, `,"success":"`...), success...)
	b = append(append(b, `","resultCode":"`...), code...)
	b = append(append(b, `","itemCount":1,"name":"`...), which.name...)
	b = append(append(b, `","url":"http://orders.internal`...), which.path...)
	b = s.tail(b, which)
	b = s.hex(append(b, `","id":"`...), 1)
	b = append(append(b, `","operation_Name":"`...), which.name...)
	b = s.hex(append(b, `","operation_Id":"`...), 2)
	b = append(append(b, `","cloud_RoleName":"orders","cloud_RoleInstance":"orders-7d9f/`...), worker...)
	b = append(append(b, `","customDimensions":{"worker":"`...), worker...)
	b = append(append(b, `","band":"`...), band...)
	s.row = append(b, `"}}`...)
}

// tail is the part of a URL that differs from request to request.
func (s *Stream) tail(b []byte, which *route) []byte {
	n := int64(s.random.IntN(100_000))
	switch {
	case which.query != "":
		return strconv.AppendInt(append(b, which.query...), n, 10)
	case which.path == "/customers/":
		return append(strconv.AppendInt(b, n, 10), "/basket"...)
	case which.path == "/orders/":
		return strconv.AppendInt(b, n, 10)
	}
	return b
}

func (s *Stream) hex(b []byte, words int) []byte {
	const digits = "0123456789abcdef"
	for range words {
		n := s.random.Uint64()
		for range 16 {
			b = append(b, digits[n&15])
			n >>= 4
		}
	}
	return b
}
