package proxy

import "bytes"

// Bounds of what surrounds the data of a chunked body.
const (
	maxChunkLine = 256     // a size with its extension
	maxChunkSize = 1 << 56 // above it, a size is an attempt to overflow somebody
	maxTrailers  = 16 << 10
)

// chunks follows a chunked body (RFC 9112, section 7.1) while it passes, and
// accepts only what everybody reads the same way.
//
//	size ──space, ext──► sizeLF ──► data ──► dataCR ──► dataLF ──► size
//	                       │ (0)
//	                       ▼
//	                    trailer ──► trailerLF ──► (again, or done at an empty line)
type chunks struct {
	state  chunkState
	digits int
	line   int   // bytes of this size line, or of all trailers
	left   int64 // bytes of data left in this chunk
	field  []byte
	// keep makes it remember the trailer lines, each with its CR LF.
	keep    bool
	trailer []byte
}

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkSpace
	chunkExt
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
	chunkTrailerLF
	chunkDone
)

func (d *chunks) reset() {
	*d = chunks{field: d.field[:0], keep: d.keep, trailer: d.trailer[:0]}
}

// all takes as many bytes of p as belong to the body, its framing included.
func (d *chunks) all(p []byte) (n int, done bool, err error) {
	for n < len(p) && d.state != chunkDone {
		_, m, err := d.next(p[n:])
		if err != nil {
			return n, false, err
		}
		n += m
	}
	return n, d.state == chunkDone, nil
}

// next takes bytes up to the end of the first run of data in p, which it
// returns, and says how many they were. It stops when the body is done.
func (d *chunks) next(p []byte) (data []byte, n int, err error) {
	for n < len(p) {
		c := p[n]
		switch d.state {
		case chunkSize:
			err = d.size(c)
		case chunkSpace:
			err = d.space(c)
		case chunkExt:
			err = d.ext(c)
		case chunkSizeLF:
			if c != '\n' {
				return nil, n, errChunkSize
			}
			d.line, d.digits = 0, 0
			d.state = chunkData
			if d.left == 0 {
				d.state = chunkTrailer
			}
		case chunkData:
			m := int(min(int64(len(p)-n), d.left))
			if d.left -= int64(m); d.left == 0 {
				d.state = chunkDataCR
			}
			return p[n : n+m], n + m, nil
		case chunkDataCR:
			if c != '\r' {
				return nil, n, errChunkEnd
			}
			d.state = chunkDataLF
		case chunkDataLF:
			if c != '\n' {
				return nil, n, errChunkEnd
			}
			d.state = chunkSize
		case chunkTrailer:
			err = d.trail(c)
		case chunkTrailerLF:
			if c != '\n' {
				return nil, n, errTrailer
			}
			if err = d.endTrailer(); err == nil && d.state == chunkDone {
				return nil, n + 1, nil
			}
		case chunkDone:
			return nil, n, nil
		}
		if err != nil {
			return nil, n, err
		}
		n++
	}
	return nil, n, nil
}

func (d *chunks) size(c byte) error {
	if d.line++; d.line > maxChunkLine {
		return errChunkSize
	}
	v := hexValue(c)
	switch {
	case v >= 0:
		if d.digits++; d.left > (maxChunkSize-int64(v))/16 || d.digits > 16 {
			return errChunkLarge
		}
		d.left = d.left*16 + int64(v)
		return nil
	case d.digits == 0:
		return errChunkSize
	case c == '\r':
		d.state = chunkSizeLF
		return nil
	case c == ';':
		d.state = chunkExt
		return nil
	case c == ' ' || c == '\t':
		d.state = chunkSpace
		return nil
	}
	return errChunkSize
}

// space takes what RFC 9112 calls bad white space, before an extension or the
// line's end.
func (d *chunks) space(c byte) error {
	if d.line++; d.line > maxChunkLine {
		return errChunkExt
	}
	switch c {
	case ' ', '\t':
	case ';':
		d.state = chunkExt
	case '\r':
		d.state = chunkSizeLF
	default:
		return errChunkSize
	}
	return nil
}

func (d *chunks) ext(c byte) error {
	if d.line++; d.line > maxChunkLine {
		return errChunkExt
	}
	if c == '\r' {
		d.state = chunkSizeLF
		return nil
	}
	if valueBad[c] {
		return errChunkExt
	}
	return nil
}

func (d *chunks) trail(c byte) error {
	if d.line++; d.line > maxTrailers {
		return errTrailerLarge
	}
	if c == '\r' {
		d.state = chunkTrailerLF
		return nil
	}
	d.field = append(d.field, c)
	return nil
}

// endTrailer judges a trailer line; an empty one ends the body.
func (d *chunks) endTrailer() error {
	d.state = chunkTrailer
	if len(d.field) == 0 {
		d.state = chunkDone
		return nil
	}
	name, value, ok := bytes.Cut(d.field, []byte(":"))
	if !ok || len(name) == 0 || !cleanValue(value) {
		return errTrailer
	}
	for _, c := range name {
		if !tokenTable[c] {
			return errTrailer
		}
	}
	switch kindOf(name) {
	case other, contentType:
	default:
		return errTrailerName
	}
	if d.keep {
		d.trailer = append(append(d.trailer, d.field...), "\r\n"...)
	}
	d.field = d.field[:0]
	return nil
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
