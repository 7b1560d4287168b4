package report

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// columns of the timeline, in their order.
const columns = "run,role,variant,round,t,phase,sent,answered,failed,p50_ms,p95_ms,dependency_failures," +
	"used,private,rss,charge,heap,native,limit,generation,exits\n"

// Timeline is the runs as numbers: a row for each bin of each run, of at most 600 a
// run, in the form of CSV. t is the second at which the bin begins. Of a series a bin
// has its highest sample, and generation and limit are those of its last one. sent
// counts what was begun in the bin. answered and failed are of calls that came in it: of
// HTTP as the client saw them, of functions as their host recorded them. The percentiles
// are from the moment at which each was due, and count a request that was never begun as
// one that waited for as long as its client would have. A field is empty where nothing is
// known.
func Timeline(f *Findings) []byte {
	var b bytes.Buffer
	b.WriteString(columns)
	for _, t := range f.tracks() {
		held := t.levels()
		for i, bin := range t.bins {
			at := float64(i) * t.width
			variant, phase := t.Variant, ""
			if s := t.at(at); s != nil {
				variant, phase = s.variant, s.Name
			}
			level := held[i]
			fields := []string{
				strconv.Itoa(t.Number), quoted(t.Role), quoted(variant), strconv.Itoa(t.Round), fixed(at), quoted(phase),
				strconv.Itoa(bin.sent), strconv.Itoa(bin.answered), strconv.Itoa(bin.failed), fixed(bin.p50), fixed(bin.p95), strconv.Itoa(bin.dependency),
			}
			for _, s := range []lab.Series{lab.Used, lab.Private, lab.RSS, lab.Charge, lab.Heap, lab.Native} {
				fields = append(fields, fixed(level.highest[s]))
			}
			generation := ""
			if level.seen {
				generation = strconv.Itoa(level.generation)
			}
			fields = append(fields, fixed(level.limit), generation, strconv.Itoa(bin.exits))
			b.WriteString(strings.Join(fields, ","))
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// level is what the samples of a bin say.
type level struct {
	seen       bool
	highest    map[lab.Series]float64
	limit      float64
	generation int
}

func (t *track) levels() []level {
	all := make([]level, len(t.bins))
	for i := range all {
		all[i] = level{highest: map[lab.Series]float64{}, limit: math.NaN()}
		for _, s := range lab.AllSeries() {
			all[i].highest[s] = math.NaN()
		}
	}
	for _, sample := range t.Samples {
		i, ok := t.bin(sample.At)
		if !ok {
			continue
		}
		one := &all[i]
		for k, s := range lab.AllSeries() {
			if v := sample.Values[k]; math.IsNaN(one.highest[s]) || v > one.highest[s] {
				one.highest[s] = v
			}
		}
		one.seen, one.limit, one.generation = true, sample.Limit, sample.Generation
	}
	return all
}

// fixed is a number to a thousandth; nothing where it is none.
func fixed(v float64) string {
	if !finite(v) {
		return ""
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000+0, 'f', -1, 64)
}

// quoted is a text as CSV has it. What a spreadsheet would take for a formula is
// marked as text.
func quoted(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
