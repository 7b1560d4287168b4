package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// sheet is how the runs of a group are drawn: on the same scales, so that they can be
// held beside each other.
type sheet struct {
	f       *Findings
	w       words
	columns int
	small   bool // several beside each other
	memory  float64
	p95     float64
	failed  float64
	rate    float64
	calls   float64 // failed calls of dependencies in a second
	series  []lab.Series
}

// sheetOf fits the scales to a group of runs.
func (f *Findings) sheetOf(tracks []*track) *sheet {
	s := &sheet{f: f, w: wordsOf(f.Experiment), columns: mostBins, small: len(tracks) > 1}
	if len(tracks) > 4 {
		s.columns = max(4*mostBins/len(tracks), 60)
	}
	s.series = f.drawn(tracks)
	limit := 0.0
	for _, t := range tracks {
		for i := range t.Samples {
			sample := &t.Samples[i]
			for _, one := range s.series {
				if v := sample.Values[slices.Index(lab.AllSeries(), one)]; finite(v) {
					s.memory = max(s.memory, v)
				}
			}
			if finite(sample.Limit) {
				limit = max(limit, sample.Limit)
			}
		}
		for i := range t.bins {
			b := &t.bins[i]
			if finite(b.p95) {
				s.p95 = max(s.p95, b.p95)
			}
			if b.answered > 0 {
				s.failed = max(s.failed, float64(b.failed)/float64(b.answered))
			}
			s.rate = max(s.rate, t.rate(b))
			s.calls = max(s.calls, float64(b.dependency)/t.width)
		}
		for _, h := range f.thresholds(t) {
			s.memory = max(s.memory, h.at)
		}
	}
	if limit > 0 && limit <= 4*s.memory {
		s.memory = max(s.memory, limit)
	}
	s.memory *= 1.08
	s.p95 *= 1.08
	s.failed = min(1.2*s.failed, 1)
	s.rate *= 1.08
	s.calls *= 1.08
	return s
}

// drawn are the series of memory that are drawn: used and private, and what criteria
// and signals speak of; only those that have numbers.
func (f *Findings) drawn(tracks []*track) (all []lab.Series) {
	names := []lab.Series{lab.Used, lab.Private}
	for _, criteria := range [][]lab.Criterion{f.Experiment.Proof, f.Experiment.Disproof} {
		for i := range criteria {
			names = append(names, criteria[i].Series)
		}
	}
	for i := range f.Experiment.Signals {
		names = append(names, f.Experiment.Signals[i].Series)
	}
	names = append(names, lab.RSS, lab.Charge)
	for k, name := range names {
		i := slices.Index(lab.AllSeries(), name)
		if i < 0 || slices.Contains(all, name) || seriesUnit(name) != lab.Bytes || name == lab.File || k >= len(names)-2 && len(all) > 0 {
			continue
		}
		if slices.ContainsFunc(tracks, func(t *track) bool {
			return slices.ContainsFunc(t.Samples, func(s lab.Sample) bool { return finite(s.Values[i]) })
		}) {
			all = append(all, name)
		}
	}
	return all[:min(len(all), 4)]
}

// run draws the lanes of a run, all on one axis of time.
func (s *sheet) run(t *track) template.HTML {
	var b strings.Builder
	if t.end <= 0 {
		return `<p class="meta">Nothing of this run was seen.</p>`
	}
	b.WriteString(`<div class="lanes">` + "\n")
	s.phases(&b, t)
	s.memoryLane(&b, t)
	s.workerLane(&b, t)
	s.signalLane(&b, t)
	if s.p95 > 0 {
		l := s.lane(t, "Time of a request", 96, s.p95, lab.Duration)
		l.legend = sample("s0", "p95") + sample("s1", "p50")
		l.says = "p95 and p50 of the time of requests"
		l.plot.curve("s1", len(t.bins), func(i int) (at, v float64) { return t.middle(i), t.bins[i].p50 }, nil)
		l.plot.curve("s0", len(t.bins), func(i int) (at, v float64) { return t.middle(i), t.bins[i].p95 }, nil)
		l.write(&b)
	}
	switch {
	case s.rate > 0 && s.failed == 0:
		b.WriteString(`<div class="lane"><p class="lt"><b>Failed requests</b> <span class="key">none</span></p></div>` + "\n")
	case s.rate > 0:
		l := s.lane(t, "Failed requests", 60, s.failed, lab.Share)
		l.says = "share of requests that failed"
		l.legend = ` <span class="key">share of those that came</span>`
		l.plot.columnsOf("bad", func(b *bin) float64 { return float64(b.failed) / float64(b.answered) })
		l.write(&b)
	}
	if s.calls > 0 {
		l := s.lane(t, "Failed calls of dependencies", 52, s.calls, lab.Plain)
		l.legend = ` <span class="key">a second</span>`
		l.says = "failed calls of dependencies a second"
		l.plot.columnsOf("bad", func(b *bin) float64 { return float64(b.dependency) / t.width })
		l.write(&b)
	}
	if s.rate > 0 {
		l := s.lane(t, "Arrivals", 52, s.rate, lab.Plain)
		l.legend = ` <span class="key">a second</span>`
		l.says = "arrivals a second"
		l.plot.columnsOf("fill", t.rate)
		l.write(&b)
	}
	s.axis(&b, t)
	b.WriteString("</div>\n")
	return template.HTML(b.String()) // all text in it was escaped
}

// rate is how many came in a second: of those that were sent, and where nobody sends,
// of the calls.
func (t *track) rate(b *bin) float64 {
	if len(t.Sent) > 0 {
		return float64(b.sent) / t.width
	}
	return float64(b.answered) / t.width
}

// middle is the moment in the middle of a bin.
func (t *track) middle(i int) float64 { return (float64(i) + 0.5) * t.width }

func (s *sheet) lane(t *track, title string, height int, top float64, unit lab.Unit) *lane {
	if s.small {
		height = height * 4 / 5
	}
	l := &lane{title: title, height: height, plot: &plot{t: t, top: top, columns: s.columns}}
	l.ticks = s.w.ticksOf(top, unit, max(height/24, 2))
	l.plot.bands()
	l.plot.grid(l.ticks)
	return l
}

// phases are the bands with their names.
func (s *sheet) phases(b *strings.Builder, t *track) {
	b.WriteString(`<div class="lane"><p class="lt"></p><div class="y"></div><div class="plot bands">`)
	for i := range t.phases {
		p := &t.phases[i]
		class := "band"
		if i%2 == 1 {
			class += " alt"
		}
		if p.phase != nil && !p.phase.Judge {
			class += " idle"
		}
		from, to := max(p.From, 0)/t.end, p.To/t.end
		fmt.Fprintf(b, `<span class="%s" style="left:%s;width:%s" title="%s">%d %[4]s</span>`, class, share(from), share(max(to-from, 0)), html.EscapeString(p.Name), p.index)
	}
	b.WriteString("</div></div>\n")
}

// axis is the time below the lanes.
func (s *sheet) axis(b *strings.Builder, t *track) {
	most := 8
	if s.small {
		most = 5
	}
	b.WriteString(`<div class="lane"><p class="lt"></p><div class="y"></div><div class="plot axis">`)
	ticks := (figure.Axis{Unit: figure.Seconds}).Ticks(0, t.end, most)
	for i, tick := range ticks {
		class := ""
		if i%2 == 1 && len(ticks) > 4 { // for which a phone has no room
			class = ` class="odd"`
		}
		fmt.Fprintf(b, `<span%s style="left:%s">%s</span>`, class, share(tick.At/t.end), html.EscapeString(tick.Label))
	}
	b.WriteString("</div></div>\n")
}

// threshold is a line that memory is held against, in a stretch of time.
type threshold struct {
	at       float64 // bytes
	from, to float64 // seconds
	words    string
}

// thresholds are those of the criteria and signals about memory, each in its window,
// and what the file lets a process allocate.
func (f *Findings) thresholds(t *track) (all []threshold) {
	w := wordsOf(f.Experiment)
	add := func(h threshold) {
		same := func(o threshold) bool { return o.at == h.at && o.from == h.from && o.to == h.to }
		if h.to > h.from && h.at > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, h)
		}
	}
	if !trial(t.Record) {
		return nil // criteria do not look at controls
	}
	for _, criteria := range [][]lab.Criterion{f.Experiment.Proof, f.Experiment.Disproof} {
		for i := range criteria {
			c := &criteria[i]
			if c.Test != lab.Level || seriesUnit(c.Series) != lab.Bytes || c.Arm != "" && c.Arm != t.Variant {
				continue
			}
			for _, e := range c.Bound.Edges() {
				from, to := t.window(c.Window)
				add(threshold{e.Value.Number, from, to, signs[verdict.Relation(e.Side)] + w.written(e.Value.Number)})
			}
		}
	}
	for i := range f.Experiment.Signals {
		signal := &f.Experiment.Signals[i]
		if signal.Series == "" || seriesUnit(signal.Series) != lab.Bytes {
			continue
		}
		for _, e := range signal.Bound.Edges() {
			if !slices.ContainsFunc(all, func(o threshold) bool { return o.at == e.Value.Number }) {
				add(threshold{e.Value.Number, 0, t.end, signal.Name + " " + signs[verdict.Relation(e.Side)] + w.written(e.Value.Number)})
			}
		}
	}
	return all
}

// window is the time of phases, in seconds; an empty one if the run has none of them.
func (t *track) window(phases []string) (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for i := range t.phases {
		if s := &t.phases[i]; len(phases) == 0 || slices.Contains(phases, s.Name) {
			from, to = min(from, s.From), max(to, s.To)
		}
	}
	return from, to
}
