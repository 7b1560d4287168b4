package picture

import (
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// The measures of a picture.
const (
	wide    = 960.0
	margin  = 20.0
	plot    = 330.0 // height of a plot
	titled  = 17.0  // sizes of the texts
	labeled = 12.0
)

// layout is a scene in the making, from the top down.
type layout struct {
	*scene
	figure  *figure.Figure
	regular *face
	bold    *face
	y       float64
}

// lay makes the scene of a figure; titled says whether the title is drawn too.
func lay(f *figure.Figure, withTitle bool) *scene {
	l := &layout{
		scene:  &scene{width: wide, title: f.Title},
		figure: f, regular: newFace(false), bold: newFace(true), y: margin,
	}
	if withTitle && f.Title != "" {
		l.add(mark{text: l.bold.fit(f.Title, titled, wide-2*margin), at: point{margin, l.y + titled - 3}, size: titled, fill: inkText, bold: true})
		l.y += titled + 12
	}
	switch f.Kind {
	case figure.Pie:
		l.pie()
	case figure.Cards:
		l.cards()
	case figure.Bars:
		l.legend()
		l.bars()
	default:
		l.legend()
		l.upright()
	}
	for _, note := range f.Notes {
		l.write(margin, l.y+labeled, labeled, 0, inkMuted, l.regular.fit(note, labeled, wide-2*margin))
		l.y += labeled + 6
	}
	l.height = l.y + margin - 6
	return l.scene
}

// legend writes the series' names, in as many lines as it takes.
func (l *layout) legend() {
	f := l.figure
	if !f.Legend {
		return
	}
	x := margin
	for i, s := range f.Series {
		name := l.regular.fit(s.Name, labeled, 260)
		width := 18 + l.regular.measure(name, labeled) + 18
		if x+width > wide-margin+18 && x > margin {
			x = margin
			l.y += labeled + 8
		}
		if f.Kind == figure.Lines {
			l.line(series(i), 3, point{x, l.y + labeled/2}, point{x + 12, l.y + labeled/2})
		} else {
			l.rect(series(i), x+1, l.y+1, x+11, l.y+11)
		}
		l.write(x+18, l.y+labeled-1.5, labeled, 0, inkText, name)
		x += width
	}
	l.y += labeled + 16
}
