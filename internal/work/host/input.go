package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

// taken are a call's inputs, looked up.
type taken struct {
	values []contract.Input
	lent   map[string]*contract.Stream // those that are given as URLs
	bytes  int64                       // of all payloads
	cost   int64                       // bytes that pass through the worker's memory as its function's factor has it
}

// inputs looks a call's inputs up; nothing is read yet.
func (h *Host) inputs(ctx context.Context, c *call) (taken, error) {
	t := taken{values: make([]contract.Input, 0, 1+len(c.f.inputs))}
	t.add(c.trigger, c.f.def.Trigger, c.payload)
	for _, b := range c.f.inputs {
		v, size, err := h.input(ctx, c, b)
		if err != nil {
			return t, fmt.Errorf("input %s: %w", b.Name, err)
		}
		t.add(contract.Input{Name: b.Name, Binding: string(b.Type), Binary: b.Data == funcapp.BinaryData, Value: v}, b.Binding, size)
	}
	if c.f.factor == room.StreamedFactor {
		t.cost = t.bytes
	}
	return t, nil
}

// add takes in one input. What is streamed takes next to nothing of the worker's
// memory, and counts only for a function whose factor is that of streams.
func (t *taken) add(in contract.Input, b funcapp.Binding, size int64) {
	t.bytes += size
	if !b.Streamed {
		t.cost += size
	} else if in.Value.Kind == contract.Large {
		if t.lent == nil {
			t.lent = map[string]*contract.Stream{}
		}
		t.lent[in.Name] = in.Value.Stream
	}
	t.values = append(t.values, in)
}

func (h *Host) input(ctx context.Context, c *call, b binding) (contract.Value, int64, error) {
	if b.Type != funcapp.Blob {
		return contract.Value{}, 0, fmt.Errorf("a binding of type %s can't be an input", b.Type)
	}
	name, err := c.blobName(b)
	if err != nil {
		return contract.Value{}, 0, err
	}
	info, err := b.stores.Blobs.Stat(ctx, name)
	if errors.Is(err, work.ErrAbsent) {
		return contract.Value{}, 0, nil // as Azure has it: null
	}
	if err != nil {
		return contract.Value{}, 0, fmt.Errorf("look at blob %s: %w", name, err)
	}
	return h.payload(b.stores, b.Binding, info), info.Size, nil
}

// blobName is the blob that a binding means this time.
func (c *call) blobName(b binding) (blob.Name, error) {
	path, err := b.Path.Expand(c.values.Lookup, c.system())
	if err != nil {
		return blob.Name{}, err
	}
	return blob.ParseName(path)
}

// payload is one version of a blob.
func (h *Host) payload(s Stores, b funcapp.Binding, info blob.Info) contract.Value {
	text := b.Data == funcapp.TextData || b.Data == funcapp.AnyData && h.cfg.TextBlobs
	return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: info.Size, Text: text && !b.Streamed, ContentType: info.ContentType, ETag: info.ETag,
		Open: func(ctx context.Context, from int64) (io.ReadCloser, error) {
			body, _, err := s.Blobs.Open(ctx, info.Name, blob.Range{From: from}, blob.Want{ETag: info.ETag})
			if err != nil {
				return nil, fmt.Errorf("read blob %s: %w", info.Name, err)
			}
			return body, nil
		},
	}}
}

// lend puts URLs in the place of the payloads that are streamed; the function ends
// the loan. It is nil if nothing is lent.
func (h *Host) lend(ctx context.Context, inv *contract.Invocation, t taken) func() {
	if len(t.lent) == 0 || h.cfg.Lends {
		return nil
	}
	for name, s := range t.lent {
		t.lent[name] = traced(s, inv.Trace)
	}
	loan := h.cfg.Endpoint.Lend(ctx, t.lent, nil)
	for i := range inv.Inputs {
		if in := &inv.Inputs[i]; t.lent[in.Name] != nil {
			in.Value = contract.Value{Kind: contract.Text, Text: loan.URL(in.Name)}
		}
	}
	return loan.Close
}

// Lend makes the payloads of an invocation readable by URL, and its outputs
// writable: what a contract needs that puts them into headers. The trigger's is
// lent if it is streamed, and then it is nothing in inv.
func (h *Host) Lend(ctx context.Context, inv *contract.Invocation) (urls map[string]string, end func()) {
	in, out := map[string]*contract.Stream{}, map[string]endpoint.Sink{}
	for _, v := range inv.Inputs[1:] {
		if v.Value.Kind == contract.Large {
			in[v.Name] = traced(v.Value.Stream, inv.Trace)
		}
	}
	if c, ok := h.live.Load(inv.ID); ok {
		if t := &inv.Inputs[0]; c.(*call).f.def.Trigger.Streamed && t.Value.Kind == contract.Large {
			in[t.Name], t.Value = traced(t.Value.Stream, inv.Trace), contract.Value{}
		}
		for _, b := range c.(*call).f.outputs {
			if b.Type == funcapp.Blob || b.Type == funcapp.Queue {
				out[b.Name] = h.sink(c.(*call), b)
			}
		}
	}
	if len(in)+len(out) == 0 {
		return nil, func() {}
	}
	loan := h.cfg.Endpoint.Lend(ctx, in, out)
	urls = map[string]string{}
	for name := range in {
		urls[name] = loan.URL(name)
	}
	for name := range out {
		urls[name] = loan.URL(name)
	}
	return urls, loan.Close
}

// traced is a stream that is read for the invocation of this trace, whoever asks.
func traced(s *contract.Stream, trace string) *contract.Stream {
	out := *s
	out.Open = func(ctx context.Context, from int64) (io.ReadCloser, error) {
		return s.Open(told.WithTrace(ctx, trace), from)
	}
	return &out
}

func (h *Host) sink(c *call, b binding) endpoint.Sink {
	return func(ctx context.Context, contentType string, body io.Reader) error {
		ctx = told.WithTrace(ctx, c.trace)
		if b.Type == funcapp.Queue {
			return h.putMessages(ctx, c, b, contract.Value{Kind: contract.Large, Stream: &contract.Stream{
				Size: -1, ContentType: contentType, Open: func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(body), nil },
			}})
		}
		name, err := c.blobName(b)
		if err == nil {
			_, err = b.stores.Blobs.Put(ctx, name, blob.Head{ContentType: contentType}, body, blob.Want{})
		}
		return err
	}
}

// tooLarge says whether an error means that the worker can't be given a payload of
// this size at all.
func tooLarge(err error) bool {
	var big *functionrpc.TooLarge
	return errors.As(err, &big)
}

// isEmpty says whether a value is nothing, or only blanks.
func isEmpty(v contract.Value) bool {
	return v.Kind == contract.None || v.Kind == contract.JSON && strings.TrimSpace(v.Text) == "null"
}
