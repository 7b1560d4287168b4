package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
)

// Frame is where a frame of rows lies in its segment, and what it holds.
type Frame struct {
	Offset int64 // of the zstd frame
	Length int64 // of the zstd frame
	Raw    int64 // bytes of NDJSON in it; 0 if that is not known
	Rows   int64
	// From and To are the times of its rows, in ticks.
	From, To int64
	// Ordered says that every row has its members in the order of its table's columns.
	Ordered bool
}

// A frame's note is a skippable frame of zstd (RFC 8878, 3.1.2): the magic
// number, the length of what follows, and that: version, flags, two bytes of
// nothing, rows, bytes of NDJSON, bytes of the zstd frame behind it, the times,
// and a CRC-32 of all of it.
const (
	noteMagic   = 0x184D2A5B
	noteLength  = 4 + 4 + 4 + 4 + 8 + 8 + 4
	noteSize    = 8 + noteLength
	noteVersion = 1
	flagOrdered = 1
)

func appendNote(to []byte, f Frame) []byte {
	from := len(to)
	to = binary.LittleEndian.AppendUint32(to, noteMagic)
	to = binary.LittleEndian.AppendUint32(to, noteLength)
	flags := byte(0)
	if f.Ordered {
		flags |= flagOrdered
	}
	to = append(to, noteVersion, flags, 0, 0)
	to = binary.LittleEndian.AppendUint32(to, uint32(f.Rows))
	to = binary.LittleEndian.AppendUint32(to, uint32(f.Raw))
	to = binary.LittleEndian.AppendUint32(to, uint32(f.Length))
	to = binary.LittleEndian.AppendUint64(to, uint64(f.From))
	to = binary.LittleEndian.AppendUint64(to, uint64(f.To))
	return binary.LittleEndian.AppendUint32(to, crc32.ChecksumIEEE(to[from:]))
}

// readNote reads a note; ok is false if b is none.
func readNote(b []byte) (f Frame, ok bool) {
	if len(b) < noteSize || binary.LittleEndian.Uint32(b) != noteMagic || binary.LittleEndian.Uint32(b[4:]) != noteLength || b[8] != noteVersion ||
		binary.LittleEndian.Uint32(b[noteSize-4:]) != crc32.ChecksumIEEE(b[:noteSize-4]) {
		return f, false
	}
	f = Frame{
		Ordered: b[9]&flagOrdered != 0,
		Rows:    int64(binary.LittleEndian.Uint32(b[12:])),
		Raw:     int64(binary.LittleEndian.Uint32(b[16:])),
		Length:  int64(binary.LittleEndian.Uint32(b[20:])),
		From:    int64(binary.LittleEndian.Uint64(b[24:])),
		To:      int64(binary.LittleEndian.Uint64(b[32:])),
	}
	return f, f.isPossible()
}

// isPossible keeps a reader from what no writer wrote, before memory is taken
// for it.
func (f Frame) isPossible() bool {
	return f.Length > 0 && f.Length <= maxPacked && f.Raw <= MaxRow+1 && f.Raw >= f.Rows
}

// maxPacked is how long a zstd frame can be: what can't be made smaller becomes
// larger by a little.
const maxPacked = MaxRow + MaxRow>>8 + 1<<10

var errNotWhole = errors.New("the segment ends within a frame")

// walk goes from frame to frame of a segment of so many bytes, from an offset
// on. end is where the last whole frame ends. The error is errNotWhole where
// bytes are left that make no frame: a torn end, or damage.
func walk(r io.ReaderAt, from, size int64) (frames []Frame, end int64, err error) {
	var head [noteSize + 4]byte
	for end = from; end < size; {
		n, err := r.ReadAt(head[:min(int64(len(head)), size-end)], end)
		if err != nil && !errors.Is(err, io.EOF) {
			return frames, end, err
		}
		f, ok := readNote(head[:n])
		if !ok {
			return frames, end, errNotWhole
		}
		f.Offset = end + noteSize
		if f.Offset+f.Length > size || n < len(head) || binary.LittleEndian.Uint32(head[noteSize:]) != zstdMagic {
			return frames, end, errNotWhole
		}
		end = f.Offset + f.Length
		frames = append(frames, f)
	}
	return frames, end, nil
}

const zstdMagic = 0xFD2FB528

// resume looks for the next note behind damage, from an offset on.
func resume(r io.ReaderAt, from, size int64) (at int64, ok bool) {
	magic := binary.LittleEndian.AppendUint32(nil, noteMagic)
	var buffer []byte
	// Small at first: it is called for each of many damaged places.
	for window := 4 << 10; from < size; from, window = from+int64(window), min(2*window, 64<<10) {
		buffer = slices.Grow(buffer[:0], window+noteSize)
		n, err := r.ReadAt(buffer[:min(int64(window+noteSize), size-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, false
		}
		text := buffer[:n]
		for i := 0; ; i++ {
			j := bytes.Index(text[i:], magic)
			if j < 0 || i+j >= window {
				break
			}
			i += j
			if _, whole := readNote(text[i:]); whole {
				return from + int64(i), true
			}
		}
	}
	return 0, false
}

// isTorn says whether what is left of a segment is the beginning of a frame,
// and not something else: a writer is at it, or was killed.
func isTorn(r io.ReaderAt, end, size int64) bool {
	var note [noteSize]byte
	n, err := r.ReadAt(note[:min(noteSize, size-end)], end)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	if n < noteSize {
		blank := appendNote(nil, Frame{})
		return bytes.HasPrefix(blank, note[:min(n, 9)]) // as far as all notes are alike
	}
	f, ok := readNote(note[:])
	return ok && end+noteSize+f.Length > size
}
