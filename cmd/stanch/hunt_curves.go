package main

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// plane is the space of a chart, and the text drawn into it.
type plane struct {
	strings.Builder
	width, height            float64
	left, right, top, bottom float64 // margins
	x0, x1, y0, y1           float64 // what the margins enclose
}

func newPlane(width, height, left float64) *plane {
	p := &plane{width: width, height: height, left: left, right: 12, top: 10, bottom: 26}
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="system-ui,sans-serif" font-size="12" role="img">`+"\n", width, height)
	return p
}

func (p *plane) span(x0, x1, y0, y1 float64) {
	if x1 <= x0 {
		x1 = x0 + 1
	}
	if y1 <= y0 {
		y1 = y0 + 1
	}
	p.x0, p.x1, p.y0, p.y1 = x0, x1, y0, y1
}

func (p *plane) x(v float64) float64 {
	return p.left + (v-p.x0)/(p.x1-p.x0)*(p.width-p.left-p.right)
}

func (p *plane) y(v float64) float64 {
	return p.height - p.bottom - (v-p.y0)/(p.y1-p.y0)*(p.height-p.top-p.bottom)
}

func (p *plane) text(x, y float64, anchor, color, text string) {
	fmt.Fprintf(p, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, color, html.EscapeString(text))
}

// rows are lines across at round amounts of bytes, and columns at round numbers.
func (p *plane) rows() {
	for _, v := range roundSteps(p.y0, p.y1, 2, 5) {
		fmt.Fprintf(p, `<path d="M%.1f %.1fH%.1f" stroke="#e3e3e3"/>`+"\n", p.left, p.y(v), p.width-p.right)
		p.text(p.left-6, p.y(v)+4, "end", "#555", amount(v))
	}
}

func (p *plane) columns(base float64, label func(float64) string) {
	for _, v := range roundSteps(p.x0, p.x1, base, 8) {
		fmt.Fprintf(p, `<path d="M%.1f %.1fV%.1f" stroke="#eee"/>`+"\n", p.x(v), p.top, p.height-p.bottom)
		p.text(p.x(v), p.height-8, "middle", "#555", label(v))
	}
}

func (p *plane) line(xs, ys []float64, color string, width float64, more string) {
	fmt.Fprintf(p, `<path fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" %s d="`, color, width, more)
	for i := range xs {
		fmt.Fprintf(p, "%c%.1f %.1f", "ML"[min(i, 1)], p.x(xs[i]), p.y(ys[i]))
	}
	p.WriteString("\"/>\n")
}

func (p *plane) html() template.HTML {
	p.WriteString("</svg>")
	return template.HTML(p.String()) // all text in it was escaped
}

// roundSteps are at most about most multiples of a round step: of a power of two
// for bytes, else of 1, 2 or 5 times a power of ten.
func roundSteps(low, high, base float64, most int) (steps []float64) {
	span := (high - low) / float64(most)
	step := math.Pow(2, math.Ceil(math.Log2(span)))
	if base == 10 {
		step = math.Pow(10, math.Floor(math.Log10(span)))
		for _, times := range []float64{2, 5, 10} {
			if step*times >= span {
				step *= times
				break
			}
		}
	}
	for v := math.Ceil(low/step) * step; v <= high+step*1e-9 && len(steps) <= 2*most; v += step {
		steps = append(steps, v+0)
	}
	return steps
}

// color is that of the endpoint at this place.
func color(i int) string {
	all := [...]string{"#0b62c4", "#c0392b", "#1e8449", "#8e44ad", "#b9770e", "#117a8b", "#7b241c", "#5d6d7e", "#d35400", "#2e4053", "#a93276", "#6b8e23"}
	return all[i%len(all)]
}

// forest draws every endpoint's interval under the others, against the smallest
// leak that counts.
func forest(r *huntResult) template.HTML {
	low, high := 0.0, r.Smallest*1.25
	for _, f := range r.Findings {
		if i := f.PerRequest; i != nil {
			low, high = min(low, max(i.Lo, -4*max(i.Mid, r.Smallest))), max(high, min(i.Hi, 4*max(i.Mid, r.Smallest)))
		}
	}
	const row = 24
	p := newPlane(960, 46+row*float64(len(r.Findings)), 250)
	p.span(low-(high-low)*0.03, high+(high-low)*0.03, 0, 1)
	p.columns(2, amount)
	for at, style := range map[float64]string{0: `stroke="#888"`, r.Smallest: `stroke="#b00020" stroke-dasharray="4 4"`} {
		fmt.Fprintf(p, `<path d="M%.1f %.1fV%.1f" %s/>`+"\n", p.x(at), p.top, p.height-p.bottom, style)
	}
	for n, f := range r.Findings {
		y := p.top + row*(float64(n)+0.6)
		name := f.Endpoint
		if r.pair() {
			name = string(f.Side) + " " + name
		}
		p.text(p.left-10, y+4, "end", "#222", clipped(name, 36))
		if f.PerRequest == nil {
			p.text(p.x(0)+6, y+4, "start", "#777", "not known")
			continue
		}
		ink := map[hunt.Verdict]string{hunt.Leaks: "#b00020", hunt.Clean: "#1b6e3c"}[f.Verdict]
		if ink == "" {
			ink = "#8a5a00"
		}
		from, to := p.x(max(f.PerRequest.Lo, p.x0)), p.x(min(f.PerRequest.Hi, p.x1))
		fmt.Fprintf(p, `<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="3" stroke-linecap="round"/><circle cx="%.1f" cy="%.1f" r="4.5" fill="%s"/>`+"\n",
			from, y, to, ink, p.x(min(max(f.PerRequest.Mid, p.x0), p.x1)), y, ink)
	}
	return p.html()
}

// huntCharts are the curves: what grew with requests, and the floors in time.
func huntCharts(r *huntResult) (all []pageChart) {
	var names []string
	heap, pair := false, r.pair()
	for _, o := range r.Observations {
		if o.Block.Endpoint != "" && !slices.Contains(names, o.Block.Endpoint) {
			names = append(names, o.Block.Endpoint)
		}
		heap = heap || o.After.Heap > 0
	}
	slices.Sort(names)
	sides := []hunt.Side{hunt.SideA}
	if pair {
		sides = append(sides, hunt.SideB)
	}
	for _, side := range sides {
		of := ""
		if pair {
			of = " of " + string(side)
		}
		all = append(all, pageChart{
			"Growth" + of + " over the requests of each endpoint", "Memory that was there after an endpoint's blocks and not before, added up. A leak is a straight line, a cache that fills bends, what is clean stays flat. Dots are blocks; the warm-up is left out.",
			growth(r, side, names, func(f hunt.Floor) int64 { return f.Hard }),
		})
		if heap {
			all = append(all, pageChart{
				"The same of the managed heap" + of, "",
				growth(r, side, names, func(f hunt.Floor) int64 { return f.Heap }),
			})
		}
		all = append(all, pageChart{
			"The floors" + of + " in time", "What the worker held each time it had come to rest, and which endpoint was driven in between (below).",
			floors(r, side, names, heap),
		})
	}
	return all
}

// growth draws a line for each endpoint: bytes that its blocks added, over its requests.
func growth(r *huntResult, side hunt.Side, names []string, of func(hunt.Floor) int64) template.HTML {
	xs, ys := make([][]float64, len(names)), make([][]float64, len(names))
	mostX, low, high := 1.0, 0.0, 1.0
	for i, name := range names {
		x, y := 0.0, 0.0
		xs[i], ys[i] = []float64{0}, []float64{0}
		for _, o := range r.Observations {
			if o.Block.Side != side || o.Block.Endpoint != name || o.Block.Round == 0 || o.Before.Generation != o.After.Generation {
				continue
			}
			x += float64(o.Requests + o.Failed)
			y += float64(of(o.After) - of(o.Before))
			xs[i], ys[i] = append(xs[i], x), append(ys[i], y)
			mostX, low, high = max(mostX, x), min(low, y), max(high, y)
		}
	}
	p := newPlane(960, max(340, 16*float64(len(names))+50), 80)
	p.right = 250
	p.span(0, mostX, low, high*1.05)
	p.rows()
	p.columns(10, func(v float64) string { return fmt.Sprintf("%g", v) })
	for i, name := range names {
		p.line(xs[i], ys[i], color(i), 1.8, "")
		for k := range xs[i] {
			fmt.Fprintf(p, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, p.x(xs[i][k]), p.y(ys[i][k]), color(i))
		}
		y := p.top + 14 + 16*float64(i)
		fmt.Fprintf(p, `<path d="M%.1f %.1fh16" stroke="%s" stroke-width="3"/>`+"\n", p.width-p.right+14, y-4, color(i))
		p.text(p.width-p.right+36, y, "start", "#222", clipped(name, 32))
	}
	return p.html()
}

// floors draws what the worker held at rest, over time.
func floors(r *huntResult, side hunt.Side, names []string, heap bool) template.HTML {
	var at, hard, live []float64
	high, end := 1.0, 1.0
	for _, o := range r.Observations {
		if o.Block.Side != side {
			continue
		}
		at = append(at, o.After.At.Seconds())
		hard, live = append(hard, float64(o.After.Hard)), append(live, float64(o.After.Heap))
		high, end = max(high, float64(o.After.Hard), float64(o.After.Heap)), max(end, o.After.At.Seconds())
	}
	p := newPlane(960, 300, 80)
	p.bottom = 40
	p.span(0, end, 0, high*1.08)
	p.rows()
	p.columns(10, func(v float64) string { return time.Duration(v * float64(time.Second)).String() })
	for _, o := range r.Observations {
		if o.Block.Side != side {
			continue
		}
		from, to := p.x(o.Before.At.Seconds()), p.x(o.After.At.Seconds())
		if i := slices.Index(names, o.Block.Endpoint); i >= 0 {
			fmt.Fprintf(p, `<rect x="%.1f" y="%.1f" width="%.1f" height="7" fill="%s"><title>%s</title></rect>`+"\n",
				from, p.height-p.bottom+3, max(to-from-0.5, 0.5), color(i), html.EscapeString(o.Block.Endpoint))
		}
		if o.Ended != "" {
			fmt.Fprintf(p, `<path d="M%.1f %.1fV%.1f" stroke="#b00020" stroke-dasharray="2 3"/>`+"\n", to, p.top, p.height-p.bottom)
			p.text(to-4, p.top+10, "end", "#b00020", o.Ended)
		}
	}
	p.line(at, hard, "#222", 1.8, "")
	p.text(p.left+8, p.top+12, "start", "#222", "what the kernel can't drop")
	if heap {
		p.line(at, live, "#0b62c4", 1.6, `stroke-dasharray="5 3"`)
		p.text(p.left+8, p.top+28, "start", "#0b62c4", "live objects of the managed heap")
	}
	return p.html()
}

func clipped(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
