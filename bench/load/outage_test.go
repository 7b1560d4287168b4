package load_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
)

// success is a request sent and answered, in milliseconds.
type success struct{ sent, finished int64 }

func longest(end int64, all ...success) (length, at int64) {
	var o load.Outages
	for _, s := range all {
		o.Succeeded(time.Duration(s.sent)*time.Millisecond, time.Duration(s.finished)*time.Millisecond)
	}
	l, a := o.Longest(time.Duration(end) * time.Millisecond)
	return l.Milliseconds(), a.Milliseconds()
}

func TestTheLongestOutage(t *testing.T) {
	for _, row := range []struct {
		name       string
		end        int64
		all        []success
		length, at int64
	}{
		{"nothing was ever answered: the whole run", 500, nil, 500, 0},
		{"even answers: the distance of two", 40, []success{{0, 1}, {10, 11}, {20, 21}, {30, 31}}, 11, 0},
		{"a gap without answers", 400, []success{{0, 1}, {10, 11}, {300, 301}, {395, 399}}, 291, 10},
		{"at the start", 300, []success{{200, 201}, {210, 211}}, 201, 0},
		{"at the end", 300, []success{{0, 1}, {10, 11}}, 290, 10},
		{
			"a stall that answers in the end is one: all sent in it finish after it",
			700,
			[]success{{0, 1}, {100, 601}, {200, 601}, {300, 601}, {600, 602}, {650, 651}},
			601, 0,
		},
		{"a slow request beside quick ones is none", 100, []success{{0, 90}, {1, 2}, {10, 11}, {50, 51}, {90, 91}}, 41, 10},
		{"past the first page of milliseconds", 80_000, []success{{0, 1}, {65_000, 65_001}, {66_000, 66_010}, {79_000, 79_001}}, 65_001, 0},
	} {
		if length, at := longest(row.end, row.all...); length != row.length || at != row.at {
			t.Errorf("%s: longest %d ms at %d, want %d at %d", row.name, length, at, row.length, row.at)
		}
	}
}

// The definition itself, tried from every millisecond, exclusive, and from the
// start, inclusive.
func slowLongest(end int64, all []success) int64 {
	var longest int64
	for from := int64(-1); from < end; from++ {
		to := end
		for _, s := range all {
			if s.sent > from {
				to = min(to, s.finished)
			}
		}
		longest = max(longest, to-max(from, 0))
	}
	return longest
}

func TestTheLongestOutageIsWhatItsDefinitionSays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		end := 50 + r.Int64N(200)
		var all []success
		for range r.IntN(12) {
			sent := r.Int64N(end)
			all = append(all, success{sent, sent + r.Int64N(80)})
		}
		if got, _ := longest(end, all...); got != slowLongest(end, all) {
			t.Fatalf("longest outage of %v to %d = %d, want %d", all, end, got, slowLongest(end, all))
		}
	}
}
