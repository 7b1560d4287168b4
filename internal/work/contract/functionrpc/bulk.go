package functionrpc

import (
	"io"
	"runtime"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec for everything else
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// bulkFrom is the size, in bytes, from which a payload that passes on the stream is
// not held in memory: it lies in a file, and the message is made around it.
const bulkFrom = 1 << 20

// bulkPiece is how much of it is mapped at a time, in bytes.
const bulkPiece = 1 << 20

// bulk is a payload that goes onto the stream out of a file.
type bulk struct {
	kept *spool.Kept
	text bool // it is UTF-8, and the function takes it as text
}

// letter is a message with the bulks of some of its invocation's inputs, by index.
type letter struct {
	*wire.StreamingMessage
	bulks map[int]*bulk
}

// keep puts a payload into a file. Its errors are those of the store, and *TooLarge.
func (e *encoder) keep(name string, source *contract.Stream) (*bulk, error) {
	if source.Size > largestPlain {
		return nil, e.tooLarge(name, source.Size, largestPlain)
	}
	body, err := source.Begin(e.ctx, name)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	words := &spool.Words{}
	kept, err := spool.Keep(e.host.config.Spool, io.TeeReader(io.LimitReader(body, largestPlain+1), words))
	if err != nil {
		return nil, err
	}
	if kept.Size() > largestPlain {
		kept.Close()
		return nil, e.tooLarge(name, -1, largestPlain)
	}
	return &bulk{kept, source.Text && words.Whole()}, nil
}

// codec writes letters. All else is left to gRPC's own.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal is the message as parts, of which those of bulks are mapped from their
// files: gRPC gives back part after part as it writes them.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	l, ok := v.(*letter)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	if len(l.bulks) == 0 {
		return c.CodecV2.Marshal(l.StreamingMessage)
	}
	return l.parts()
}

// Protocol Buffers, https://protobuf.dev/programming-guides/encoding: a message is
// its fields in any order, each with its number, and a length where it is no number
// itself.
const (
	fieldInvocation = 4 // of StreamingMessage
	fieldInput      = 3 // of InvocationRequest
	fieldData       = 2 // of ParameterBinding
	fieldString     = 1 // of TypedData
	fieldBytes      = 3 // of TypedData
)

func (l *letter) parts() (mem.BufferSlice, error) {
	request := l.GetInvocationRequest()
	around := &wire.InvocationRequest{
		InvocationId: request.InvocationId, FunctionId: request.FunctionId, TriggerMetadata: request.TriggerMetadata,
		TraceContext: request.TraceContext, RetryContext: request.RetryContext,
	}
	inner, err := proto.Marshal(around)
	if err != nil {
		return nil, err
	}
	parts, held := mem.BufferSlice{}, inner
	flush := func() {
		if len(held) > 0 {
			parts, held = append(parts, mem.SliceBuffer(held)), nil
		}
	}
	for i, input := range request.InputData {
		b := l.bulks[i]
		if b == nil {
			text, err := proto.Marshal(input)
			if err != nil {
				parts.Free()
				return nil, err
			}
			held = protowire.AppendTag(held, fieldInput, protowire.BytesType)
			held = protowire.AppendBytes(held, text)
			continue
		}
		held = b.open(held, input.Name)
		flush()
		if parts, err = b.pieces(parts); err != nil {
			parts.Free()
			return nil, err
		}
	}
	flush()
	head, err := proto.Marshal(&wire.StreamingMessage{RequestId: l.RequestId})
	if err != nil {
		parts.Free()
		return nil, err
	}
	head = protowire.AppendTag(head, fieldInvocation, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(parts.Len()))
	return append(mem.BufferSlice{mem.SliceBuffer(head)}, parts...), nil
}

// open appends what stands before the payload of an input.
func (b *bulk) open(to []byte, name string) []byte {
	var field protowire.Number = fieldBytes
	if b.text {
		field = fieldString
	}
	size := uint64(b.kept.Size())
	data := protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.BytesType), size)
	binding := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	binding = protowire.AppendTag(binding, fieldData, protowire.BytesType)
	binding = protowire.AppendVarint(binding, uint64(len(data))+size)
	to = protowire.AppendTag(to, fieldInput, protowire.BytesType)
	to = protowire.AppendVarint(to, uint64(len(binding)+len(data))+size)
	return append(append(to, binding...), data...)
}

// pieces appends the payload.
func (b *bulk) pieces(to mem.BufferSlice) (mem.BufferSlice, error) {
	for from, size := int64(0), b.kept.Size(); from < size; from += bulkPiece {
		end := min(from+bulkPiece, size)
		if mem.IsBelowBufferPoolingThreshold(int(end - from)) { // gRPC does not give those back
			tail := make([]byte, end-from)
			if _, err := io.ReadFull(b.kept.Part(from, end), tail); err != nil {
				return to, err
			}
			to = append(to, mem.SliceBuffer(tail))
			continue
		}
		part, release, err := b.kept.Map(from, end)
		if err != nil {
			return to, err
		}
		// gRPC forgets what it has not written when a connection breaks.
		held := &part
		unheld := runtime.AddCleanup(held, func(release func()) { release() }, release)
		to = append(to, mem.NewBuffer(held, giveBack(func() { unheld.Stop(); release() })))
	}
	return to, nil
}

// giveBack is called when a part has been written; it is a mem.BufferPool.
type giveBack func()

// Get is for readers, of which there are none.
func (giveBack) Get(length int) *[]byte { return mem.DefaultBufferPool().Get(length) }

// Put gives the part back.
func (g giveBack) Put(*[]byte) { g() }

// shut lets the payloads go that were kept. What is being written stays mapped.
func (e *encoder) shut() {
	for _, b := range e.bulks {
		b.kept.Close()
	}
}

// send writes a message.
func send(s stream, l *letter) error {
	if len(l.bulks) == 0 {
		return s.Send(l.StreamingMessage)
	}
	return s.SendMsg(l)
}
