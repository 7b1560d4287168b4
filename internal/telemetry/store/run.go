package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/klauspost/compress/zstd"
)

// runBytes is how many bytes of NDJSON a run holds, about.
const runBytes = 4 << 20

// Run is some frames of a segment that lie one behind the other; runs are read
// side by side.
type Run struct {
	dir    *Dir
	path   string
	frames []Frame
}

// decoding is what one goroutine unpacks with.
type decoding struct {
	decoder     *zstd.Decoder
	packed, raw []byte
}

func (d *Dir) decoder() (*decoding, error) {
	if x, ok := d.decoders.Get().(*decoding); ok {
		return x, nil
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxRow+MaxFrame))
	if err != nil {
		return nil, err
	}
	return &decoding{decoder: z}, nil
}

// Each calls visit with the NDJSON of each frame, which is visit's for the call.
// A frame that can't be unpacked is left out, and counted. ordered is the
// frame's. The error is visit's, the context's, or that of opening the file.
func (r *Run) Each(ctx context.Context, visit func(ndjson []byte, ordered bool) error) error {
	f, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		r.dir.damaged(r.path, 0, 0, "the segment vanished while it was read")
		return nil
	}
	if err != nil {
		return fmt.Errorf("open a segment: %w", err)
	}
	defer f.Close()
	x, err := r.dir.decoder()
	if err != nil {
		return err
	}
	defer r.dir.decoders.Put(x)
	for _, frame := range r.frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		if int64(cap(x.packed)) < frame.Length {
			x.packed = make([]byte, frame.Length)
		}
		x.packed = x.packed[:frame.Length]
		if _, err := f.ReadAt(x.packed, frame.Offset); err != nil {
			r.dir.damaged(r.path, frame.Offset, frame.Length, err.Error())
			continue
		}
		raw, err := x.decoder.DecodeAll(x.packed, x.raw[:0])
		x.raw = raw
		if err != nil {
			r.dir.damaged(r.path, frame.Offset, frame.Length, err.Error())
			continue
		}
		if err := visit(raw, frame.Ordered); err != nil {
			return err
		}
	}
	return nil
}
