package chart

import "unicode/utf8"

// canvas is a grid of cells, each of which holds dots: two across and four
// down in braille, one in ASCII.
type canvas struct {
	columns, rows int
	across, down  int // dots in a cell
	dots          []uint8
	ink           []int8 // whose colour a cell has; 0 is nobody's
}

// The inks. A series' ink is its index plus firstSeries.
const (
	inkNone int8 = iota
	inkMark
	inkLine
	firstSeries
)

func newCanvas(columns, rows int, ascii bool) *canvas {
	c := &canvas{columns: columns, rows: rows, across: 2, down: 4}
	if ascii {
		c.across, c.down = 1, 1
	}
	c.dots = make([]uint8, columns*rows)
	c.ink = make([]int8, columns*rows)
	return c
}

// brailleBits are the bits of Unicode's braille patterns, from the top row
// down, left and right.
var brailleBits = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// set makes a dot, counted from the bottom left. What lies outside is left out.
func (c *canvas) set(x, y int, ink int8) {
	if x < 0 || y < 0 || x >= c.columns*c.across || y >= c.rows*c.down {
		return
	}
	down := c.rows*c.down - 1 - y
	cell := down/c.down*c.columns + x/c.across
	c.dots[cell] |= brailleBits[down%c.down][x%c.across]
	c.ink[cell] = max(c.ink[cell], ink)
}

// line joins two dots, both included (Bresenham).
func (c *canvas) line(x0, y0, x1, y1 int, set func(x, y int)) {
	dx, dy := abs(x1-x0), -abs(y1-y0)
	sx, sy := sign(x1-x0), sign(y1-y0)
	for err := dx + dy; ; {
		set(x0, y0)
		if x0 == x1 && y0 == y1 {
			return
		}
		e2 := 2 * err
		if e2 >= dy {
			err += dy
			x0 += sx
		}
		if e2 <= dx {
			err += dx
			y0 += sy
		}
	}
}

// glyph is the character of a cell.
func (c *canvas) glyph(column, row int, ascii bool) rune {
	i := row*c.columns + column
	switch {
	case c.dots[i] == 0:
		return ' '
	case !ascii:
		return rune(0x2800 + int(c.dots[i]))
	case c.ink[i] == inkMark:
		return ':'
	case c.ink[i] == inkLine:
		return '-'
	}
	return asciiGlyph(int(c.ink[i] - firstSeries))
}

func asciiGlyph(series int) rune {
	const glyphs = "*+ox#@"
	return rune(glyphs[series%len(glyphs)])
}

func abs(v int) int { return max(v, -v) }

func sign(v int) int { return min(max(v, -1), 1) }

func width(s string) int { return utf8.RuneCountInString(s) }
