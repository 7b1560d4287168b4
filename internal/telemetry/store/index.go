package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// An index is "SIX1", the bytes of the segment that it covers, the number of
// frames, the frames, and a CRC-32 of all of it.
const (
	indexMagic = "SIX1"
	indexEntry = 8 + 4 + 4 + 4 + 8 + 8 + 1
)

func appendIndex(to []byte, frames []Frame, covers int64) []byte {
	to = append(to, indexMagic...)
	to = binary.LittleEndian.AppendUint64(to, uint64(covers))
	to = binary.LittleEndian.AppendUint32(to, uint32(len(frames)))
	for _, f := range frames {
		to = binary.LittleEndian.AppendUint64(to, uint64(f.Offset))
		to = binary.LittleEndian.AppendUint32(to, uint32(f.Length))
		to = binary.LittleEndian.AppendUint32(to, uint32(f.Raw))
		to = binary.LittleEndian.AppendUint32(to, uint32(f.Rows))
		to = binary.LittleEndian.AppendUint64(to, uint64(f.From))
		to = binary.LittleEndian.AppendUint64(to, uint64(f.To))
		ordered := byte(0)
		if f.Ordered {
			ordered = 1
		}
		to = append(to, ordered)
	}
	return binary.LittleEndian.AppendUint32(to, crc32.ChecksumIEEE(to))
}

// readIndex reads an index of a segment of so many bytes. One that does not fit
// the segment, or itself, is an error: the segment is walked instead.
func readIndex(b []byte, size int64) (frames []Frame, covers int64, err error) {
	if len(b) < 20 || string(b[:4]) != indexMagic || binary.LittleEndian.Uint32(b[len(b)-4:]) != crc32.ChecksumIEEE(b[:len(b)-4]) {
		return nil, 0, errors.New("no index")
	}
	covers = int64(binary.LittleEndian.Uint64(b[4:]))
	n := int(binary.LittleEndian.Uint32(b[12:]))
	if len(b) != 16+n*indexEntry+4 || covers > size || covers < 0 {
		return nil, 0, errors.New("an index of another segment")
	}
	end := int64(0)
	for i := range n {
		e := b[16+i*indexEntry:]
		f := Frame{
			Offset: int64(binary.LittleEndian.Uint64(e)), Length: int64(binary.LittleEndian.Uint32(e[8:])),
			Raw: int64(binary.LittleEndian.Uint32(e[12:])), Rows: int64(binary.LittleEndian.Uint32(e[16:])),
			From: int64(binary.LittleEndian.Uint64(e[20:])), To: int64(binary.LittleEndian.Uint64(e[28:])), Ordered: e[36] == 1,
		}
		if f.Offset < end+noteSize || !f.isPossible() || f.Offset > covers || f.Offset+f.Length > covers {
			return nil, 0, fmt.Errorf("frame %d of the index lies outside of its place", i)
		}
		end = f.Offset + f.Length
		frames = append(frames, f)
	}
	return frames, covers, nil
}

// belongs says whether an index is this segment's: whether the first and the
// last of its frames stand in it, with the notes that it tells of. The sums of
// both files make the rest sure.
func belongs(r io.ReaderAt, frames []Frame) bool {
	for i, f := range frames {
		if i > 0 && i < len(frames)-1 {
			continue
		}
		var note [noteSize]byte
		if _, err := r.ReadAt(note[:], f.Offset-noteSize); err != nil {
			return false
		}
		there, ok := readNote(note[:])
		if there.Offset = f.Offset; !ok || there != f {
			return false
		}
	}
	return true
}

func writeIndex(segment string, frames []Frame, covers int64) error {
	path := segment + indexSuffix
	if err := os.WriteFile(path+".new", appendIndex(nil, frames, covers), 0o644); err != nil {
		return errors.Join(fmt.Errorf("write an index: %w", err), os.Remove(path+".new"))
	}
	return os.Rename(path+".new", path)
}

// readSmall reads a file that is not absurdly large.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > 64<<20 {
		return nil, errors.New("too large")
	}
	return os.ReadFile(path)
}
