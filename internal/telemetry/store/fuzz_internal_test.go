package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// summed gives bytes the sum that they ought to end with, so that a fuzzer gets
// behind it.
func summed(b []byte) []byte {
	if len(b) < 4 {
		return b
	}
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	return b
}

// What is read from an index lies in its segment, in order, and is written back
// as it was.
func FuzzIndex(f *testing.F) {
	frames := []Frame{
		{Offset: noteSize, Length: 50, Raw: 90, Rows: 3, From: 1, To: 2, Ordered: true},
		{Offset: 2*noteSize + 50, Length: 60, Raw: 100, Rows: 4, From: -1, To: 1 << 62},
	}
	f.Add(appendIndex(nil, frames, 1000), int64(1000))
	f.Add(appendIndex(nil, nil, 0), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		b = summed(b)
		frames, covers, err := readIndex(b, size)
		if err != nil {
			return
		}
		end := int64(0)
		for _, x := range frames {
			if x.Offset < end+noteSize || !x.isPossible() || x.Offset+x.Length > covers || covers > size {
				t.Fatalf("readIndex gives %+v, which does not lie between %d and %d of %d", x, end, covers, size)
			}
			end = x.Offset + x.Length
		}
		if again := appendIndex(nil, frames, covers); !bytes.Equal(again, b) {
			// A flag other than 0 and 1 is the only other way to write it.
			if more, _, err := readIndex(again, size); err != nil || len(more) != len(frames) {
				t.Fatalf("an index of %d frames is written back as one of %d, %v", len(frames), len(more), err)
			}
		}
	})
}

// A walk over any bytes ends within them, and what it finds does not overlap;
// resume finds whole notes only.
func FuzzWalk(f *testing.F) {
	note := appendNote(nil, Frame{Rows: 1, Raw: 3, Length: 8})
	frame := binary.LittleEndian.AppendUint32(nil, zstdMagic)
	whole := append(append(bytes.Clone(note), frame...), "1234"...)
	f.Add(whole, 0)
	f.Add(append(bytes.Clone(whole), whole...), len(whole)) // the second note is summed anew
	f.Add(append([]byte("garbage"), whole...), 7)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		if at >= 0 && at <= len(b)-noteSize {
			copy(b[at:], summed(b[at:at+noteSize]))
		}
		r, size := bytes.NewReader(b), int64(len(b))
		frames, end, err := walk(r, 0, size)
		last := int64(0)
		for _, x := range frames {
			if x.Offset < last+noteSize || !x.isPossible() || x.Offset+x.Length > size {
				t.Fatalf("walk gives %+v behind %d in %d bytes", x, last, size)
			}
			last = x.Offset + x.Length
		}
		if end != last || (err == nil) != (end == size) {
			t.Fatalf("walk of %d bytes ends at %d, %v; its last frame at %d", size, end, err, last)
		}
		if next, ok := resume(r, end, size); ok {
			if _, whole := readNote(b[next:]); !whole || next < end {
				t.Fatalf("resume(%d) = %d, where no note is", end, next)
			}
		}
		isTorn(r, end, size)
	})
}
