// Package picture draws figures: as SVG in a page that needs nothing else, and
// as PNG. Both come from one scene, so what is pasted into a report is what was
// seen in the browser.
//
// A scene is made of paths and texts in inks. An ink is a role, not a colour:
// the page gives it two colours, one for light and one for dark, the PNG has the
// light ones. Texts are measured in the font that the PNG is drawn in, which is
// a little wider than what browsers take, so that nothing touches. Begin with
// [PNG] and [Page].
package picture

// ink is the role that a colour plays.
type ink int8

const (
	inkNone ink = iota
	inkPaper
	inkText
	inkMuted
	inkGrid
	inkAxis
	inkSeries // and those after it
)

func series(i int) ink { return inkSeries + ink(i%len(palette)) }

// colours are an ink's, on a light and on a dark ground.
type colours struct{ light, dark string }

// palette are the colours of the series. Neighbours differ in lightness too, for
// those who do not see their hue.
var palette = [...]colours{
	{"#2364d2", "#6ea8fe"},
	{"#e8710a", "#ffa45c"},
	{"#12866a", "#45cfa5"},
	{"#c9254f", "#ff7d9c"},
	{"#7347d1", "#b197fc"},
	{"#a87a00", "#f2c744"},
	{"#0b8aa8", "#55cfe6"},
	{"#6b7684", "#aab6c4"},
	{"#a03ab5", "#e18bf2"},
	{"#5a8a10", "#a8d45a"},
}

var roles = [...]colours{
	inkNone:  {"none", "none"},
	inkPaper: {"#ffffff", "#15181d"},
	inkText:  {"#1c2127", "#e8eaed"},
	inkMuted: {"#5c6773", "#9aa5b1"},
	inkGrid:  {"#e6e9ed", "#2a3038"},
	inkAxis:  {"#aab2bc", "#525c68"},
}

func (i ink) colours() colours {
	if i >= inkSeries {
		return palette[i-inkSeries]
	}
	return roles[i]
}

// point is a place, in units of which a page has 96 an inch, y downwards.
type point struct{ x, y float64 }

// step is a piece of a path: to a place, straight, or bent by two others.
type step struct {
	op       byte // M, L, C or Z
	a, b, to point
}

// mark is one thing drawn: a path, or a text.
type mark struct {
	path    []step
	fill    ink
	stroke  ink
	width   float64
	opacity float64 // of the fill; 0 is 1

	text   string
	at     point
	size   float64
	anchor float64 // 0 begins at its place, 0.5 is centred, 1 ends there
	bold   bool
	turned float64 // degrees, about its place, clockwise
}

// spot is what a page shows when the mouse is above a part of the figure.
type spot struct {
	x0, y0, x1, y1 float64
	rule           float64 // where a line stands; 0 is nowhere
	dots           []mark
	text           string
}

// scene is all that is drawn.
type scene struct {
	width, height float64
	title         string
	marks         []mark
	spots         []spot
}

func (s *scene) add(m mark) { s.marks = append(s.marks, m) }

func (s *scene) line(color ink, width float64, points ...point) {
	s.add(mark{path: polyline(points), stroke: color, width: width})
}

func (s *scene) rect(fill ink, x0, y0, x1, y1 float64) {
	s.add(mark{path: append(polyline([]point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}), step{op: 'Z'}), fill: fill})
}

func (s *scene) write(x, y, size, anchor float64, color ink, text string) {
	s.add(mark{text: text, at: point{x, y}, size: size, anchor: anchor, fill: color})
}

func polyline(points []point) []step {
	path := make([]step, 0, len(points)+1)
	for i, p := range points {
		op := byte('L')
		if i == 0 {
			op = 'M'
		}
		path = append(path, step{op: op, to: p})
	}
	return path
}

// circle is a path around a place, of four bends.
func circle(center point, r float64) []step {
	const k = 0.5522847498 // of the radius: where the bends' handles lie
	x, y := center.x, center.y
	return []step{
		{op: 'M', to: point{x + r, y}},
		{'C', point{x + r, y + k*r}, point{x + k*r, y + r}, point{x, y + r}},
		{'C', point{x - k*r, y + r}, point{x - r, y + k*r}, point{x - r, y}},
		{'C', point{x - r, y - k*r}, point{x - k*r, y - r}, point{x, y - r}},
		{'C', point{x + k*r, y - r}, point{x + r, y - k*r}, point{x + r, y}},
		{op: 'Z'},
	}
}
