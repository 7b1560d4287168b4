package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// mostColumns is how many stretches a curve keeps. When it is full, two become
// one, so a trace of any length takes the same memory.
const mostColumns = 2048

// curve is a trace as it is drawn: the least and the most of each stretch.
type curve struct {
	low, high []float64
	width     float64 // seconds of a stretch
	begins    float64
	shift     float64 // for clocks that go back
	last      float64
	limit     float64
}

func newCurve() *curve { return &curve{width: 1} }

func (c *curve) add(s trend.Sample) {
	at := s.At.Seconds() + c.shift
	switch {
	case len(c.low) == 0:
		c.begins, c.last = at, at
	case at < c.last:
		c.shift += c.last + c.width - at
		at = c.last + c.width
	}
	c.last = at
	for int((at-c.begins)/c.width) >= mostColumns {
		c.halve()
	}
	i := int((at - c.begins) / c.width)
	for len(c.low) <= i {
		c.low, c.high = append(c.low, math.Inf(1)), append(c.high, math.Inf(-1))
	}
	v := float64(s.Bytes)
	c.low[i], c.high[i] = min(c.low[i], v), max(c.high[i], v)
}

func (c *curve) halve() {
	n := (len(c.low) + 1) / 2
	for i := range n {
		j := min(2*i+1, len(c.low)-1)
		c.low[i], c.high[i] = min(c.low[2*i], c.low[j]), max(c.high[2*i], c.high[j])
	}
	c.low, c.high, c.width = c.low[:n], c.high[:n], 2*c.width
}

// write draws into a file, and says in its caption what was found.
func (c *curve) write(name string, r *trend.Report, limit int64) error {
	text := c.svg(r, max(float64(limit), c.limit))
	if strings.HasSuffix(name, ".html") {
		text = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>stanch trend</title>\n<style>body{margin:2em;font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff}svg{max-width:100%;height:auto}</style>\n" +
			"<h1>" + html.EscapeString(string(r.State)) + "</h1>\n<p>" + html.EscapeString(r.Why) + "</p>\n" + text
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

func (c *curve) svg(r *trend.Report, limit float64) string {
	const width, height, left, bottom, top = 960.0, 360.0, 80.0, 30.0, 30.0
	most := limit
	for _, v := range c.high {
		most = max(most, v)
	}
	most = max(most*1.05, 1)
	x := func(i float64) float64 { return left + i*(width-left-10)/float64(len(c.low)) }
	y := func(v float64) float64 { return height - bottom - v/most*(height-bottom-top) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="system-ui,sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%g" y="18" fill="#222">%s: %s</text>`+"\n", left, html.EscapeString(string(r.State)), html.EscapeString(r.Why))
	for k := range 5 {
		v := most * float64(k) / 4
		fmt.Fprintf(&b, `<path d="M%g %.1fH%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end" fill="#555">%s</text>`+"\n", left, y(v), width-10, left-6, y(v)+4, bytesize.Size(v))
		seconds := float64(len(c.low)) * c.width * float64(k) / 4
		fmt.Fprintf(&b, `<text x="%.1f" y="%g" text-anchor="%s" fill="#555">%.3g h</text>`+"\n", x(float64(len(c.low))*float64(k)/4), height-10, map[bool]string{true: "end", false: "middle"}[k == 4], seconds/3600)
	}
	if limit > 0 {
		fmt.Fprintf(&b, `<path d="M%g %.1fH%g" stroke="#c00" stroke-dasharray="6 4"/>`+"\n", left, y(limit), width-10)
	}
	b.WriteString(`<path fill="none" stroke="#06c" stroke-width="1.2" d="`)
	pen := byte('M')
	for i := range c.low {
		if math.IsInf(c.low[i], 1) {
			continue
		}
		fmt.Fprintf(&b, "%c%.1f %.1fV%.1f", pen, x(float64(i)+0.5), y(c.low[i]), y(c.high[i]))
		pen = 'L'
	}
	b.WriteString("\"/>\n</svg>\n")
	return b.String()
}
