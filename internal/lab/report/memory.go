package report

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// memoryLane is memory against its limit and what it is held against.
func (s *sheet) memoryLane(b *strings.Builder, t *track) {
	if len(s.series) == 0 {
		return
	}
	l := s.lane(t, "Memory", 200, s.memory, lab.Bytes)
	p := l.plot
	before := math.Inf(-1)
	for _, e := range t.exits() {
		if !e.asked && e.at >= 0 && e.at-before >= s.least(t) {
			p.upright(e.at, "exit")
			before = e.at
		}
	}
	var labels labels
	limit := s.limit(p, t)
	switch {
	case limit > s.memory:
		l.legend += ` <span class="key">limit ` + html.EscapeString(s.w.written(limit)) + `, above the picture</span>`
	case limit > 0:
		l.legend += sample("limit", "limit")
		labels.add(1, limit/s.memory, "limit "+s.w.written(limit), "lim", l.height)
	}
	if s.allocations(p, t) {
		l.legend += sample("alloc", "what a process may allocate")
	}
	bounds := s.f.thresholds(t)
	for _, h := range bounds {
		fmt.Fprintf(p, `<path class="bound" d="M%s %sH%s"/>`, place(p.x(h.from)), place(p.y(h.at)), place(p.x(h.to)))
		labels.add(h.from/t.end, h.at/s.memory, h.words, "", l.height)
	}
	if len(bounds) > 0 {
		l.legend += sample("bound", "what criteria ask for")
	}
	for k := len(s.series) - 1; k >= 0; k-- {
		i := slices.Index(lab.AllSeries(), s.series[k])
		p.curve(fmt.Sprintf("s%d", k), len(t.Samples), func(n int) (at, v float64) { return t.Samples[n].At, t.Samples[n].Values[i] },
			func(n int) bool { return n > 0 && t.Samples[n].Generation != t.Samples[n-1].Generation })
	}
	keys := ""
	for k, name := range s.series {
		keys += sample(fmt.Sprintf("s%d", k), string(name))
	}
	l.legend = keys + l.legend
	l.says = "memory of the worker against its limit"
	labels.write(&l.over)
	l.write(b)
}

// limit draws what the kernel allows, as the samples saw it, and gives the last of it.
func (s *sheet) limit(p *plot, t *track) (last float64) {
	var d strings.Builder
	last = math.NaN()
	for i := range t.Samples {
		sample := &t.Samples[i]
		if !finite(sample.Limit) || sample.Limit == last || sample.At > t.end {
			continue
		}
		if math.IsNaN(last) {
			fmt.Fprintf(&d, "M0 %s", place(p.y(sample.Limit)))
		} else {
			fmt.Fprintf(&d, "H%sV%s", place(p.x(sample.At)), place(p.y(sample.Limit)))
		}
		last = sample.Limit
	}
	if math.IsNaN(last) {
		return 0
	}
	if last <= s.memory {
		fmt.Fprintf(p, `<path class="limit" d="%sH%d"/>`, d.String(), units)
	}
	return last
}

// allocations draws what a process may allocate, phase by phase; false if the file
// bounds it nowhere.
func (s *sheet) allocations(p *plot, t *track) bool {
	now, any := float64(s.f.Experiment.Subject.Limit.Allocation), false
	for i := range t.phases {
		one := &t.phases[i]
		if one.phase != nil {
			for _, a := range one.phase.Do {
				if a.Limit != nil && a.Limit.Allocation > 0 {
					now = float64(a.Limit.Allocation)
				}
			}
		}
		if now > 0 && now <= s.memory {
			any = true
			fmt.Fprintf(p, `<path class="alloc" d="M%s %sH%s"/>`, place(p.x(one.From)), place(p.y(now)), place(p.x(one.To)))
		}
	}
	return any
}

// labels are words at lines, none of which covers another.
type labels []placed

type placed struct {
	from, to float64 // shares of the picture's width that they take on a phone
	y        float64 // share of its height
	words    string
	class    string
}

// What words take on a phone, in px: of a picture so wide, a letter and a line.
const (
	phone  = 290.0
	letter = 6.4
	line   = 14.0
)

// add puts words at the nearest free height, from x on, or up to the right edge where
// there is too little room.
func (l *labels) add(x, y float64, text, class string, height int) {
	one := placed{from: x, to: x + letter*float64(len([]rune(text)))/phone, words: text, class: class}
	if one.to > 1 {
		one.from, one.to = max(1-(one.to-one.from), 0), 1
	}
	step := line / float64(height)
	free := func(y float64) bool {
		return y >= 0 && y <= 1-step && !slices.ContainsFunc(*l, func(o placed) bool { return math.Abs(o.y-y) < step && o.from < one.to && one.from < o.to })
	}
	one.y = min(max(y, 0), 1-step)
	for k := range 12 {
		if up := one.y + float64(k)*step; free(up) {
			one.y = up
			break
		}
		if down := one.y - float64(k)*step; free(down) {
			one.y = down
			break
		}
	}
	*l = append(*l, one)
}

func (l labels) write(b *strings.Builder) {
	for _, one := range l {
		side := "left:" + share(one.from)
		if one.to == 1 {
			side = "right:0"
		}
		fmt.Fprintf(b, `<span class="hl %s" style="bottom:%s;%s">%s</span>`, one.class, share(one.y), side, html.EscapeString(one.words))
	}
}
