package picture

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/vector"

	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// PNG draws a figure in the light colours, two pixels a unit, so that it stays
// sharp where it is shown at its size.
func PNG(w io.Writer, f *figure.Figure) error {
	s := lay(f, true)
	return png.Encode(w, raster(s, 2))
}

func raster(s *scene, scale float64) *image.RGBA {
	width, height := int(math.Ceil(s.width*scale)), int(math.Ceil(s.height*scale))
	p := painter{
		image: image.NewRGBA(image.Rect(0, 0, width, height)), scale: scale,
		faces: [2]*face{newFace(false), newFace(true)},
		pen:   vector.NewRasterizer(1, 1),
	}
	draw.Draw(p.image, p.image.Bounds(), image.NewUniform(inkPaper.rgba(1)), image.Point{}, draw.Src)
	for _, m := range s.marks {
		p.draw(m)
	}
	return p.image
}

// painter puts marks onto an image, one at a time: trace gathers outlines, pour
// fills them.
type painter struct {
	image *image.RGBA
	scale float64
	faces [2]*face
	pen   *vector.Rasterizer
	path  []step // in pixels
}

func (p *painter) draw(m mark) {
	opacity := m.opacity
	if opacity == 0 {
		opacity = 1
	}
	if m.text != "" {
		p.text(m)
		return
	}
	if m.fill != inkNone {
		p.trace(m.path, func(q point) point { return q })
		p.pour(m.fill, opacity)
	}
	if m.stroke != inkNone {
		p.stroke(m.path, m.width)
		p.pour(m.stroke, 1)
	}
}

func (p *painter) text(m mark) {
	face := p.faces[0]
	if m.bold {
		face = p.faces[1]
	}
	shift := -m.anchor * face.measure(m.text, m.size)
	sin, cos := math.Sincos(m.turned * math.Pi / 180)
	face.outline(m.text, m.size, func(path []step) {
		p.trace(path, func(q point) point {
			x, y := q.x+shift, q.y
			return point{m.at.x + x*cos - y*sin, m.at.y + x*sin + y*cos}
		})
	})
	p.pour(m.fill, 1)
}

func (p *painter) trace(path []step, place func(point) point) {
	at := func(q point) point {
		q = place(q)
		return point{q.x * p.scale, q.y * p.scale}
	}
	for _, s := range path {
		p.path = append(p.path, step{s.op, at(s.a), at(s.b), at(s.to)})
	}
}

// stroke traces a straight path as its outline: a bar a piece and a disc a
// joint, all turned the same way, so that they join to one area.
func (p *painter) stroke(path []step, width float64) {
	r := width / 2
	var last, first point
	same := func(q point) point { return q }
	for i, s := range path {
		to := s.to
		switch s.op {
		case 'M':
			first, last = to, to
			continue
		case 'Z':
			to = first
		}
		dx, dy := to.x-last.x, to.y-last.y
		if length := math.Hypot(dx, dy); length > 0 {
			nx, ny := -dy/length*r, dx/length*r
			p.trace(append(polyline([]point{
				{last.x - nx, last.y - ny},
				{to.x - nx, to.y - ny},
				{to.x + nx, to.y + ny},
				{last.x + nx, last.y + ny},
			}), step{op: 'Z'}), same)
		}
		if width > 1.2 && i < len(path)-1 { // a hair's joints are not seen
			p.trace(circle(to, r), same)
		}
		last = to
	}
}

// pour fills what was traced. Only the part of the image that it touches is
// gone through.
func (p *painter) pour(i ink, opacity float64) {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, s := range p.path {
		for _, q := range []point{s.a, s.b, s.to} {
			if s.op == 'Z' || s.op != 'C' && q != s.to {
				continue
			}
			low = point{min(low.x, q.x), min(low.y, q.y)}
			high = point{max(high.x, q.x), max(high.y, q.y)}
		}
	}
	size := p.image.Bounds().Max
	x0, y0 := max(int(low.x)-1, 0), max(int(low.y)-1, 0)
	x1, y1 := min(int(high.x)+2, size.X), min(int(high.y)+2, size.Y)
	if len(p.path) > 0 && x0 < x1 && y0 < y1 {
		p.pen.Reset(x1-x0, y1-y0)
		p.fill(float64(x0), float64(y0))
		p.pen.Draw(p.image, image.Rect(x0, y0, x1, y1), image.NewUniform(i.rgba(opacity)), image.Point{})
	}
	p.path = p.path[:0]
}

// fill gives what was traced to the pen, from a corner of its own.
func (p *painter) fill(x0, y0 float64) {
	at := func(q point) (float32, float32) { return float32(q.x - x0), float32(q.y - y0) }
	open := false
	for _, s := range p.path {
		x, y := at(s.to)
		switch s.op {
		case 'M':
			if open {
				p.pen.ClosePath()
			}
			p.pen.MoveTo(x, y)
			open = true
		case 'L':
			p.pen.LineTo(x, y)
		case 'C':
			ax, ay := at(s.a)
			bx, by := at(s.b)
			p.pen.CubeTo(ax, ay, bx, by, x, y)
		}
	}
	if open {
		p.pen.ClosePath()
	}
}

func (i ink) rgba(opacity float64) color.NRGBA {
	n, _ := strconv.ParseUint(i.colours().light[1:], 16, 32)
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), uint8(math.Round(opacity * 255))}
}
