package picture

import (
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is a font whose glyphs are taken as outlines, so that they can be turned.
// It is not safe for concurrent use.
type face struct {
	font *sfnt.Font
	buf  sfnt.Buffer
}

// fonts parses the two fonts once; the parsed font itself is safe to share.
var fonts = sync.OnceValue(func() [2]*sfnt.Font {
	var both [2]*sfnt.Font
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			panic("picture: the font in the program can't be read: " + err.Error())
		}
		both[i] = f
	}
	return both
})

func newFace(bold bool) *face {
	if bold {
		return &face{font: fonts()[1]}
	}
	return &face{font: fonts()[0]}
}

// perEm is the size at which glyphs are taken, for the sake of precision.
const perEm = 1024

// measure is how wide text is at a size.
func (f *face) measure(text string, size float64) float64 {
	width := fixed.Int26_6(0)
	for _, r := range text {
		index, err := f.font.GlyphIndex(&f.buf, r)
		if err != nil {
			continue
		}
		advance, err := f.font.GlyphAdvance(&f.buf, index, fixed.I(perEm), font.HintingNone)
		if err == nil {
			width += advance
		}
	}
	return float64(width) / 64 / perEm * size
}

// outline calls yield with each glyph's path, laid out from the origin.
func (f *face) outline(text string, size float64, yield func([]step)) {
	scale := size / 64 / perEm
	x := 0.0
	for _, r := range text {
		index, err := f.font.GlyphIndex(&f.buf, r)
		if err != nil {
			continue
		}
		segments, err := f.font.LoadGlyph(&f.buf, index, fixed.I(perEm), nil)
		if err != nil {
			continue
		}
		at := func(p fixed.Point26_6) point { return point{x + float64(p.X)*scale, float64(p.Y) * scale} }
		var path []step
		var last point
		for _, s := range segments {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				last = at(s.Args[0])
				path = append(path, step{op: 'M', to: last})
			case sfnt.SegmentOpLineTo:
				last = at(s.Args[0])
				path = append(path, step{op: 'L', to: last})
			case sfnt.SegmentOpQuadTo:
				c, to := at(s.Args[0]), at(s.Args[1])
				path = append(path, step{
					'C',
					point{last.x + 2*(c.x-last.x)/3, last.y + 2*(c.y-last.y)/3},
					point{to.x + 2*(c.x-to.x)/3, to.y + 2*(c.y-to.y)/3},
					to,
				})
				last = to
			case sfnt.SegmentOpCubeTo:
				path = append(path, step{'C', at(s.Args[0]), at(s.Args[1]), at(s.Args[2])})
				last = at(s.Args[2])
			}
		}
		yield(path)
		if advance, err := f.font.GlyphAdvance(&f.buf, index, fixed.I(perEm), font.HintingNone); err == nil {
			x += float64(advance) * scale
		}
	}
}

// fit is text cut to a width, with … at its end.
func (f *face) fit(text string, size, width float64) string {
	if f.measure(text, size) <= width {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n > 0; n-- {
		if cut := string(runes[:n]) + "…"; f.measure(cut, size) <= width {
			return cut
		}
	}
	return "…"
}
