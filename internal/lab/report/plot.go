package report

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// Pictures are stretched to the width of the page, texts are not: curves are SVG of
// 1000 by 1000 units, and what is written stands beside them in percent of the same
// space. So a page reads as well at 360 px as at 1280.
const units = 1000

// plot is a lane's picture in the making.
type plot struct {
	strings.Builder
	t       *track
	top     float64 // the value at the upper edge; the lower one is 0
	columns int     // curves keep the least and the most of each
}

func (p *plot) x(at float64) float64 { return units * min(max(at/p.t.end, 0), 1) }

func (p *plot) y(v float64) float64 {
	if !(p.top > 0) {
		return units
	}
	return units - units*min(max(v/p.top, 0), 1)
}

// place is a coordinate, short.
func place(v float64) string { return strconv.Itoa(int(math.Round(v))) }

// share is a place in percent, for texts.
func share(of float64) string {
	return strconv.FormatFloat(math.Round(of*10000)/100+0, 'f', -1, 64) + "%"
}

// bands are the phases behind a curve, every other one tinted.
func (p *plot) bands() {
	for i := range p.t.phases {
		s := &p.t.phases[i]
		if i%2 == 1 {
			fmt.Fprintf(p, `<path class="alt" d="M%s 0H%sV%dH%[1]sz"/>`, place(p.x(s.From)), place(p.x(s.To)), units)
		}
	}
}

// grid is a line across at each tick.
func (p *plot) grid(ticks []figure.Tick) {
	for _, t := range ticks {
		if t.At > 0 {
			fmt.Fprintf(p, `<path class="grid" d="M0 %sH%d"/>`, place(p.y(t.At)), units)
		}
	}
}

// upright is a line down at a moment.
func (p *plot) upright(at float64, class string) {
	fmt.Fprintf(p, `<path class="%s" d="M%s 0V%d"/>`, class, place(p.x(at)), units)
}

// curve is a line through points. Each column of the picture keeps its first, least,
// most and last one, so that no peak is lost. Where cut says so, and where there is no
// number, the line is broken.
func (p *plot) curve(class string, n int, point func(i int) (at, v float64), cut func(i int) bool) {
	var d strings.Builder
	type column struct {
		x                      float64
		first, low, high, last float64
	}
	var now column
	open, began := false, false // a column, a line
	points := 0
	put := func(v float64) {
		op := byte('L')
		if !began {
			op, began = 'M', true
		}
		points++
		d.WriteByte(op)
		d.WriteString(place(now.x) + " " + place(p.y(v)))
	}
	flush := func() {
		if !open {
			return
		}
		open = false
		put(now.first)
		one, other := now.low, now.high
		if now.high-now.first < now.first-now.low {
			one, other = other, one
		}
		for _, v := range []float64{one, other, now.last} {
			if place(p.y(v)) != place(p.y(now.first)) || v == now.last && (one != now.first || other != now.first) {
				put(v)
			}
		}
	}
	end := func() {
		flush()
		if points == 1 {
			d.WriteString("h3") // a dot, for nothing joins it
		}
		began, points = false, 0
	}
	for i := range n {
		at, v := point(i)
		if cut != nil && cut(i) || !finite(v) || !finite(at) || at < 0 || at > p.t.end {
			end()
			if !finite(v) || !finite(at) || at < 0 || at > p.t.end {
				continue
			}
		}
		x := (math.Floor(p.x(at)/units*float64(p.columns)) + 0.5) / float64(p.columns) * units
		if open && x != now.x {
			flush()
		}
		if !open {
			now, open = column{x, v, v, v, v}, true
			continue
		}
		now.low, now.high, now.last = min(now.low, v), max(now.high, v), v
	}
	end()
	if d.Len() > 0 {
		fmt.Fprintf(p, `<path class="%s" d="%s"/>`, class, d.String())
	}
}

// columnsOf are bars that stand on the lower edge, one for each bin that has a number
// above zero. Where bins are more than the picture's columns, the highest stands for
// those beside it.
func (p *plot) columnsOf(class string, value func(b *bin) float64) {
	var d strings.Builder
	n := len(p.t.bins)
	each := max((n+p.columns-1)/p.columns, 1)
	for i := 0; i < n; i += each {
		highest := 0.0
		for k := i; k < min(i+each, n); k++ {
			if v := value(&p.t.bins[k]); v > highest {
				highest = v
			}
		}
		if highest == 0 {
			continue
		}
		from, to := place(p.x(float64(i)*p.t.width)), place(p.x(float64(min(i+each, n))*p.t.width))
		fmt.Fprintf(&d, "M%s %dV%sH%sV%[2]dz", from, units, place(p.y(highest)), to)
	}
	if d.Len() > 0 {
		fmt.Fprintf(p, `<path class="%s" d="%s"/>`, class, d.String())
	}
}

// lane is a picture with its title, its scale and what is written over it.
type lane struct {
	title  string
	legend string // markup
	class  string
	height int // px
	ticks  []figure.Tick
	plot   *plot
	over   strings.Builder // markup, placed in percent
	says   string          // for those who do not see it
}

// write the lane into a page.
func (l *lane) write(b *strings.Builder) {
	fmt.Fprintf(b, `<div class="lane %s"><p class="lt"><b>%s</b>%s</p><div class="y" style="height:%dpx">`, l.class, html.EscapeString(l.title), l.legend, l.height)
	for _, t := range l.ticks {
		fmt.Fprintf(b, `<span style="bottom:%s">%s</span>`, share(t.At/l.plot.top), html.EscapeString(t.Label))
	}
	fmt.Fprintf(b, `</div><div class="plot" style="height:%dpx">`, l.height)
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %[1]d" preserveAspectRatio="none" role="img" aria-label="%s">%s</svg>%s</div></div>`+"\n",
		units, html.EscapeString(l.says), l.plot.String(), l.over.String())
}

// sample is a short piece of a curve with its name, for a legend.
func sample(class, name string) string {
	return fmt.Sprintf(` <span class="key"><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true"><path class="%s" d="M1 4H27"/></svg>%s</span>`, class, html.EscapeString(name))
}

// ticksOf are round places from 0 to the top of a lane.
func (w words) ticksOf(top float64, unit lab.Unit, most int) []figure.Tick {
	axis := figure.Axis{}
	if unit == lab.Bytes && !w.tens {
		axis.Unit = figure.Bytes
	}
	ticks := axis.Ticks(0, top, most)
	for i := range ticks {
		ticks[i].Label = w.value(ticks[i].At, unit)
		if ticks[i].At == 0 {
			ticks[i].Label = "0"
		}
	}
	return ticks
}
