package foreign

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// stream is a file's bytes, unpacked.
type stream struct {
	*bufio.Reader
	close func() error
}

// open opens a part of the file. A part of a packed file is found by unpacking
// what is before it.
func (f *file) open(p part) (*stream, error) {
	raw, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	s := &stream{close: raw.Close}
	var unpacked io.Reader = raw
	switch f.packing {
	case plain:
		if _, err := raw.Seek(p.from, io.SeekStart); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
	case gzipped:
		if unpacked, err = gzip.NewReader(bufio.NewReaderSize(raw, 256<<10)); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
	case zstandard:
		// A window of a hostile file may not take all memory.
		d, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		unpacked = d
		s.close = func() error { d.Close(); return raw.Close() }
	}
	if f.packing != plain && p.from > 0 {
		if _, err := io.CopyN(io.Discard, unpacked, p.from); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if p.to > 0 {
		unpacked = io.LimitReader(unpacked, p.to-p.from)
	}
	s.Reader = bufio.NewReaderSize(unpacked, 256<<10)
	return s, nil
}

var byteOrderMark = []byte{0xef, 0xbb, 0xbf}

// begin passes over a byte order mark, and refuses UTF-16, which it announces.
func (s *stream) begin() (passed int64, err error) {
	front, _ := s.Peek(3)
	switch {
	case bytes.HasPrefix(front, []byte{0xff, 0xfe}), bytes.HasPrefix(front, []byte{0xfe, 0xff}):
		return 0, errors.New("it is UTF-16\nhint: iconv -f UTF-16 -t UTF-8")
	case bytes.Equal(front, byteOrderMark):
		n, err := s.Discard(3)
		return int64(n), err
	}
	return 0, nil
}

// errLong is a row that is longer than a row may be.
var errLong = fmt.Errorf("the row is longer than %d MiB", mostRow>>20)

// line reads a line with its end into buf, which it returns grown. A line that
// is too long is read to its end and gives errLong. At the end of the file the
// error is io.EOF, and the line, if any, has no end.
func (s *stream) line(buf []byte) ([]byte, int64, error) {
	read, long := int64(0), false
	for {
		piece, err := s.ReadSlice('\n')
		read += int64(len(piece))
		if long = long || len(buf)+len(piece) > mostRow; !long {
			buf = append(buf, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long:
			if err == nil || errors.Is(err, io.EOF) {
				err = errLong
			}
			return buf, read, err
		default:
			return buf, read, err
		}
	}
}
