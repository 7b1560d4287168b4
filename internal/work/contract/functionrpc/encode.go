package functionrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/sharedmap"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// sharedFrom is the size, in bytes, from which a payload is shared: what Azure's
// host and workers agree upon.
const sharedFrom = 1 << 20

// encoder puts one invocation on the wire, and remembers what it put into files.
type encoder struct {
	host   *Host
	ctx    context.Context
	shares bool
	maps   []lent
	bulks  map[int]*bulk // by index of their input
}

// lent is an input that was put into a file.
type lent struct{ input, file string }

// remove takes the invocation's maps away. A worker that has one open keeps
// reading it.
func (e *encoder) remove() {
	for _, m := range e.maps {
		if err := e.host.room.Remove(m.file); err != nil {
			e.host.system(contract.Warning, "remove shared payload: "+err.Error())
		}
	}
}

// unread is an error for an input that the function never had. The Python worker
// reads all inputs before it begins a function, and gives it None for a map that it
// does not find or may not open.
func (e *encoder) unread() error {
	for _, m := range e.maps {
		if e.host.config.Runtime == "python" && e.host.room.Unopened(m.file) {
			return &contract.Failed{Type: "PayloadNotRead", Message: fmt.Sprintf("the worker did not open the shared payload of input %s, and the function ran without it\nhint: the worker has to run as stanch's user, with FUNCTIONS_UNIX_SHARED_MEMORY_DIRECTORIES as stanch sets it", m.input)}
		}
	}
	return nil
}

func (e *encoder) request(inv *contract.Invocation, function string) (*wire.InvocationRequest, error) {
	request := &wire.InvocationRequest{
		InvocationId: inv.ID, FunctionId: function, TriggerMetadata: map[string]*wire.TypedData{},
		TraceContext: &wire.RpcTraceContext{TraceParent: inv.Trace},
	}
	if inv.Retry != (contract.Retry{}) {
		request.RetryContext = &wire.RetryContext{RetryCount: int32(inv.Retry.Count), MaxRetryCount: int32(inv.Retry.Max)}
	}
	for i, input := range inv.Inputs {
		binding, err := e.input(i, input)
		if err != nil {
			return nil, err
		}
		request.InputData = append(request.InputData, binding)
	}
	for _, datum := range inv.Metadata {
		if datum.Value.Kind == contract.HTTPIn && e.host.has("RpcHttpTriggerMetadataRemoved") {
			continue
		}
		data, err := e.plain(datum.Name, datum.Value)
		if err != nil {
			return nil, err
		}
		request.TriggerMetadata[sound(datum.Name)] = data
	}
	return request, nil
}

func (e *encoder) input(i int, input contract.Input) (*wire.ParameterBinding, error) {
	value := input.Value
	if value.Kind == contract.Text && input.Binding == "timerTrigger" {
		value.Kind = contract.JSON // the only kind that workers take for it
	}
	if size, kind, ok := shareable(value); ok && e.shares && size <= sharedmap.MaxSize && (size < 0 || size >= sharedFrom) {
		shared, err := e.share(input.Name, value, kind)
		if full := (*sharedmap.NoRoom)(nil); !errors.As(err, &full) || size > largestPlain {
			return shared, err
		}
	}
	if stream := value.Stream; value.Kind == contract.Large && e.host.config.Spool != "" && (stream.Size < 0 || stream.Size > bulkFrom) {
		kept, err := e.keep(input.Name, stream)
		if err != nil {
			return nil, err
		}
		if e.bulks == nil {
			e.bulks = map[int]*bulk{}
		}
		e.bulks[i] = kept
		return &wire.ParameterBinding{Name: input.Name}, nil
	}
	data, err := e.plain(input.Name, value)
	if err != nil {
		return nil, err
	}
	return &wire.ParameterBinding{Name: input.Name, RpcData: &wire.ParameterBinding_Data{Data: data}}, nil
}

// shareable says of which type a value is beside the stream; size is -1 if nobody
// knows it. Values of other kinds are not shared.
func shareable(value contract.Value) (size int64, kind wire.RpcDataType, ok bool) {
	switch value.Kind {
	case contract.Text:
		if !utf8.ValidString(value.Text) {
			return int64(len(value.Text)), wire.RpcDataType_bytes, true
		}
		return int64(len(value.Text)), wire.RpcDataType_string, true
	case contract.Bytes:
		return int64(len(value.Bytes)), wire.RpcDataType_bytes, true
	case contract.Large:
		if value.Stream.Text {
			return value.Stream.Size, wire.RpcDataType_string, true
		}
		return value.Stream.Size, wire.RpcDataType_bytes, true
	}
	return 0, 0, false
}

func (e *encoder) share(name string, value contract.Value, kind wire.RpcDataType) (*wire.ParameterBinding, error) {
	body, size, err := value.Open(e.ctx, name)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	file, count, err := e.host.room.Write(body, size)
	if err != nil {
		return nil, fmt.Errorf("share input %s with the worker: %w", name, err)
	}
	e.maps = append(e.maps, lent{name, file})
	return &wire.ParameterBinding{Name: name, RpcData: &wire.ParameterBinding_RpcSharedMemory{
		RpcSharedMemory: &wire.RpcSharedMemory{Name: file, Count: count, Type: kind},
	}}, nil
}

// plain is a value as it passes on the stream.
func (e *encoder) plain(name string, value contract.Value) (*wire.TypedData, error) {
	switch value.Kind {
	case contract.Text:
		return e.text(name, value.Text)
	case contract.JSON:
		if !utf8.ValidString(value.Text) {
			return nil, fmt.Errorf("input %s is no JSON: it is not UTF-8", name)
		}
		return &wire.TypedData{Data: &wire.TypedData_Json{Json: value.Text}}, e.fits(name, int64(len(value.Text)))
	case contract.Bytes:
		return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: value.Bytes}}, e.fits(name, int64(len(value.Bytes)))
	case contract.Large:
		body, err := e.read(name, value.Stream)
		if err != nil {
			return nil, err
		}
		if value.Stream.Text && utf8.Valid(body) {
			return &wire.TypedData{Data: &wire.TypedData_String_{String_: string(body)}}, nil
		}
		return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: body}}, nil
	case contract.HTTPIn:
		return e.http(name, value.Request)
	}
	return &wire.TypedData{}, nil
}

// text is a string where it is one; the stream's strings are UTF-8.
func (e *encoder) text(name, text string) (*wire.TypedData, error) {
	if !utf8.ValidString(text) {
		return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: []byte(text)}}, e.fits(name, int64(len(text)))
	}
	return &wire.TypedData{Data: &wire.TypedData_String_{String_: text}}, e.fits(name, int64(len(text)))
}

func (e *encoder) fits(name string, size int64) error {
	if limit := e.host.config.Plain; size > limit {
		return e.tooLarge(name, size, limit)
	}
	return nil
}

func (e *encoder) tooLarge(name string, size, limit int64) error {
	why := "shared payloads are turned off"
	if e.host.room != nil {
		why = "this worker does not read shared payloads"
	}
	if e.shares {
		why = "payloads of this kind, or of over 2 GiB, are not shared"
	}
	return &TooLarge{Input: name, Size: size, Limit: limit, Why: why}
}

// read holds a payload whole, which is why it is bounded.
func (e *encoder) read(name string, source *contract.Stream) ([]byte, error) {
	if err := e.fits(name, source.Size); err != nil {
		return nil, err
	}
	body, err := source.Begin(e.ctx, name)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if source.Size >= 0 {
		held := make([]byte, source.Size)
		_, err := io.ReadFull(body, held)
		return held, err
	}
	held, err := io.ReadAll(io.LimitReader(body, e.host.config.Plain+1))
	if err != nil {
		return nil, err
	}
	if int64(len(held)) > e.host.config.Plain {
		return nil, e.tooLarge(name, -1, e.host.config.Plain)
	}
	return held, nil
}
