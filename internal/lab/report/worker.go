package report

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// exit is a worker's end, in words.
type exit struct {
	at     float64
	asked  bool // by the file, or by the run's end
	killed bool // by the kernel, as far as can be told
	mark   string
	words  string
}

// exits are the ends of the worker's processes in a run.
func (t *track) exits() (all []exit) {
	for _, e := range t.Events {
		if e.Kind != lab.EventExited {
			continue
		}
		one := exit{at: e.At, mark: "■"}
		switch {
		case t.wanted(e.At):
			one.asked, one.mark, one.words = true, "", fmt.Sprintf("ended as the phase asks (code %d)", e.Code)
		case e.Code == 137:
			one.killed, one.mark, one.words = true, "✕", "killed by the kernel (code 137)"
		case e.Code > 128:
			one.words = fmt.Sprintf("ended by signal %d (code %d)", e.Code-128, e.Code)
		default:
			one.words = fmt.Sprintf("ended with code %d", e.Code)
		}
		all = append(all, one)
	}
	return all
}

// wanted says whether a worker's end is one that the file asks for: another variant or
// a fresh process at a phase's start, or the end of the run.
func (t *track) wanted(at float64) bool {
	const slack = 3.0
	if n := len(t.phases); n > 0 && t.Finished && at >= t.phases[n-1].To-0.05 {
		return true
	}
	for i := range t.phases {
		s := &t.phases[i]
		if s.phase == nil {
			continue
		}
		for _, a := range s.phase.Do {
			grace := time.Duration(0)
			switch {
			case a.Use != "":
			case a.Recycle != nil:
				grace = a.Recycle.Grace
			default:
				continue
			}
			if at >= s.From-slack && at <= s.From+slack+grace.Seconds() {
				return true
			}
		}
	}
	return false
}

// workerLane is a bar for each process, and how it ended.
func (s *sheet) workerLane(b *strings.Builder, t *track) {
	exits, allocations := t.exits(), s.f.rows(t.Number, failedAllocations)
	fmt.Fprintf(b, `<div class="lane"><p class="lt"><b>Worker</b> <span class="key">generation</span>`)
	if slices.ContainsFunc(exits, func(e exit) bool { return e.killed }) {
		b.WriteString(` <span class="key"><b class="no">✕</b> killed by the kernel</span>`)
	}
	if slices.ContainsFunc(exits, func(e exit) bool { return e.mark == "■" }) {
		b.WriteString(` <span class="key"><b class="no">■</b> another end</span>`)
	}
	if len(allocations) > 0 {
		b.WriteString(` <span class="key"><b class="open">▲</b> an allocation failed</span>`)
	}
	b.WriteString(`</p><div class="y"></div><div class="plot worker">`)
	for i, life := range s.seen(t, t.lives()) {
		class := "gen"
		if i%2 == 1 {
			class += " alt"
		}
		fmt.Fprintf(b, `<span class="%s" style="left:%s;width:%s">%d</span>`, class, share(life.from/t.end), share((life.to-life.from)/t.end), life.generation)
	}
	last := map[string]float64{}
	apart := func(mark string, at float64) bool {
		before, ok := last[mark]
		if ok && at-before < s.least(t) || at < 0 || at > t.end {
			return false
		}
		last[mark] = at
		return true
	}
	for _, e := range exits {
		if !e.asked && apart(e.mark, e.at) {
			fmt.Fprintf(b, `<span class="ex no" style="left:%s" title="%s">%s</span>`, share(e.at/t.end), html.EscapeString(clock(e.at)+" "+e.words), e.mark)
		}
	}
	for _, row := range allocations {
		if at, ok := cell(row, 0); ok && apart("▲", at) {
			fmt.Fprintf(b, `<span class="ex open low" style="left:%s" title="%s an allocation failed">▲</span>`, share(at/t.end), html.EscapeString(clock(at)))
		}
	}
	b.WriteString("</div>")
	if text := endings(exits, len(allocations)); text != "" {
		fmt.Fprintf(b, `<p class="under">%s</p>`, html.EscapeString(text))
	}
	b.WriteString("</div>\n")
}

// endings says in a line how often and when the worker ended.
func endings(exits []exit, allocations int) string {
	var parts []string
	killed, others := 0, 0
	var first []string
	for _, e := range exits {
		switch {
		case e.killed:
			killed++
			if len(first) < 5 {
				first = append(first, clock(e.at))
			}
		case !e.asked:
			others++
		}
	}
	if killed > 0 {
		text := fmt.Sprintf("killed by the kernel (137) %s: at %s", times(killed), strings.Join(first, ", "))
		if killed > len(first) {
			text += " and later"
		}
		parts = append(parts, text)
	}
	if others > 0 {
		parts = append(parts, "ended otherwise "+times(others))
	}
	if allocations >= mostRows {
		parts = append(parts, fmt.Sprintf("%d failed allocations or more", allocations))
	} else if allocations > 0 {
		parts = append(parts, counted(allocations, "failed allocation"))
	}
	return strings.Join(parts, "; ")
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// life is the time of one of the worker's processes.
type life struct {
	generation int
	from, to   float64
}

// lives are the worker's processes, by what was seen of them. The first one is there
// before the timeline begins.
func (t *track) lives() (all []life) {
	add := func(generation int, from float64) {
		if n := len(all); n > 0 && all[n-1].to > from {
			all[n-1].to = from
		}
		all = append(all, life{generation, max(from, 0), t.end})
	}
	for _, e := range t.Events {
		switch e.Kind {
		case lab.EventStarted:
			if e.At <= t.end {
				add(e.Generation, e.At)
			}
		case lab.EventExited:
			for i := range all {
				if all[i].generation == e.Generation {
					all[i].to = min(all[i].to, max(e.At, all[i].from))
				}
			}
		}
	}
	if len(all) == 0 { // nobody told of a start: the samples do
		for _, s := range t.Samples {
			if n := len(all); s.Generation > 0 && (n == 0 || all[n-1].generation != s.Generation) {
				add(s.Generation, s.At)
			}
		}
	}
	return all
}

// least is the shortest time that a picture has room for.
func (s *sheet) least(t *track) float64 { return t.end / float64(min(s.columns, 400)) }

// seen are the lives that a picture has room for. What is shorter is one with those
// before it, so that a worker that dies each second does not fill the page.
func (s *sheet) seen(t *track, lives []life) (all []life) {
	for _, l := range lives {
		if n := len(all); n > 0 && l.to-l.from < s.least(t) && l.from-all[n-1].to < s.least(t) {
			all[n-1].to = l.to
			continue
		}
		all = append(all, l)
	}
	return all
}
