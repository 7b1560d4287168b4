package drive

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Outcome is what came of a block.
type Outcome struct {
	Requests int64 // that were sent: answered or lost
	Failed   int64 // of them: lost, or answered 4xx or 5xx
	Took     time.Duration
	P50, P99 time.Duration    // of those answered
	Status   map[int]int64    // answers by their status
	Lost     map[string]int64 // requests without an answer, by why
}

// Answered is how many requests had an answer of any status.
func (o *Outcome) Answered() (n int64) {
	for _, count := range o.Status {
		n += count
	}
	return n
}

// Main is the status that most answers had, and whether all had it; 0 without any.
func (o *Outcome) Main() (status int, all bool) {
	for s, n := range o.Status {
		if n > o.Status[status] || n == o.Status[status] && s < status {
			status = s
		}
	}
	return status, len(o.Status) == 1 && len(o.Lost) == 0
}

// Failures says in words what failed, most frequent first: "12 × 404, 3 ×
// timeout"; empty if nothing did.
func (o *Outcome) Failures() string {
	counts := maps.Clone(o.Lost)
	if counts == nil {
		counts = map[string]int64{}
	}
	for status, n := range o.Status {
		if status >= 400 {
			counts[fmt.Sprint(status)] += n
		}
	}
	var parts []string
	for _, why := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	}) {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[why], why))
	}
	return strings.Join(parts, ", ")
}

// tally is what one client has counted. Its histogram has 16 buckets for each
// power of two of microseconds: no quantile is off by more than 4 %.
type tally struct {
	status [600]int64
	lost   map[string]int64
	counts [27 * 16]int64
}

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < 16 {
		return int(us)
	}
	shift := bits.Len64(us) - 5
	return min((shift+1)*16+int(us>>shift)-16, 27*16-1)
}

// middle is the middle of a bucket.
func middle(bucket int) time.Duration {
	if bucket < 16 {
		return time.Duration(bucket)*time.Microsecond + time.Microsecond/2
	}
	shift := bucket/16 - 1
	low := uint64(bucket%16+16) << shift
	return time.Duration(low)*time.Microsecond + time.Duration(uint64(1)<<shift)*time.Microsecond/2
}

func (t *tally) answer(status int, took time.Duration) {
	t.status[min(status, len(t.status)-1)]++
	t.counts[bucket(took)]++
}

func (t *tally) lose(err error) {
	if t.lost == nil {
		t.lost = map[string]int64{}
	}
	t.lost[err.Error()]++
}

func (t *tally) merge(other *tally) {
	for i, n := range other.status {
		t.status[i] += n
	}
	for i, n := range other.counts {
		t.counts[i] += n
	}
	for why, n := range other.lost {
		if t.lost == nil {
			t.lost = map[string]int64{}
		}
		t.lost[why] += n
	}
}

func (t *tally) outcome(took time.Duration) Outcome {
	o := Outcome{Took: took, Status: map[int]int64{}, Lost: t.lost, P50: t.quantile(0.5), P99: t.quantile(0.99)}
	for status, n := range t.status {
		if n == 0 {
			continue
		}
		o.Status[status] = n
		o.Requests += n
		if status >= 400 {
			o.Failed += n
		}
	}
	for _, n := range t.lost {
		o.Requests += n
		o.Failed += n
	}
	return o
}

func (t *tally) quantile(q float64) time.Duration {
	var total int64
	for _, n := range t.counts {
		total += n
	}
	rank := int64(q * float64(total))
	for i, n := range t.counts {
		if rank -= n; rank < 0 {
			return middle(i)
		}
	}
	return 0
}
