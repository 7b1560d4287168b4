package picture

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// svg writes a scene as an element of a page. Its inks are classes that the
// page's style gives colours.
func svg(b *strings.Builder, s *scene) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %s %s" role="img" aria-label="%s" xmlns="http://www.w3.org/2000/svg">`+"\n", num(s.width), num(s.height), escape(orElse(s.title, "chart")))
	for _, m := range s.marks {
		svgMark(b, m)
	}
	for _, spot := range s.spots {
		fmt.Fprintf(b, `<g class="spot"><rect x="%s" y="%s" width="%s" height="%s"/>`, num(spot.x0), num(spot.y0), num(spot.x1-spot.x0), num(spot.y1-spot.y0))
		if spot.rule > 0 {
			fmt.Fprintf(b, `<path class="rule" d="M%s %sV%s"/>`, num(spot.rule), num(spot.y0), num(spot.y1))
		}
		for _, m := range spot.dots {
			svgMark(b, m)
		}
		fmt.Fprintf(b, "<title>%s</title></g>\n", escapeLines(spot.text))
	}
	b.WriteString("</svg>\n")
}

func svgMark(b *strings.Builder, m mark) {
	if m.text != "" {
		class := "t" + m.fill.class()
		if m.bold {
			class += " b"
		}
		fmt.Fprintf(b, `<text class="%s" x="%s" y="%s" font-size="%s"`, class, num(m.at.x), num(m.at.y), num(m.size))
		switch m.anchor {
		case 0.5:
			b.WriteString(` text-anchor="middle"`)
		case 1:
			b.WriteString(` text-anchor="end"`)
		}
		if m.turned != 0 {
			fmt.Fprintf(b, ` transform="rotate(%s %s %s)"`, num(m.turned), num(m.at.x), num(m.at.y))
		}
		fmt.Fprintf(b, ">%s</text>\n", escape(m.text))
		return
	}
	var classes []string
	if m.fill != inkNone {
		classes = append(classes, "f"+m.fill.class())
	}
	if m.stroke != inkNone {
		classes = append(classes, "s"+m.stroke.class())
	}
	fmt.Fprintf(b, `<path class="%s" d="%s"`, strings.Join(classes, " "), pathData(m.path))
	if m.stroke != inkNone {
		fmt.Fprintf(b, ` stroke-width="%s"`, num(m.width))
	}
	if m.opacity > 0 && m.opacity < 1 {
		fmt.Fprintf(b, ` fill-opacity="%s"`, num(m.opacity))
	}
	b.WriteString("/>\n")
}

func pathData(path []step) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte(s.op)
		switch s.op {
		case 'C':
			b.WriteString(num(s.a.x) + " " + num(s.a.y) + " " + num(s.b.x) + " " + num(s.b.y) + " ")
			fallthrough
		case 'M', 'L':
			b.WriteString(num(s.to.x) + " " + num(s.to.y))
		}
	}
	return b.String()
}

// class is an ink's name in the style sheet, behind f for fill, s for stroke, t for text.
func (i ink) class() string { return strconv.Itoa(int(i)) }

// num is a coordinate to a hundredth.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// escape is text in HTML, on one line, its control characters shown.
func escape(s string) string { return html.EscapeString(tabular.Visible(s)) }

// escapeLines is text in HTML that keeps its lines.
func escapeLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\t", "    "), "\n")
	for i, l := range lines {
		lines[i] = escape(strings.TrimSuffix(l, "\r"))
	}
	return strings.Join(lines, "\n")
}
