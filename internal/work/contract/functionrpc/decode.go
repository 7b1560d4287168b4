package functionrpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// result reads what a function gave back. A collection of bytes is several
// outputs of one name; other collections are JSON arrays. An HTTP answer is the
// result's response, whichever output it came in.
func (h *Host) result(response *wire.InvocationResponse) (*contract.Result, error) {
	result := &contract.Result{}
	for _, binding := range response.OutputData {
		if part := binding.GetRpcSharedMemory(); part != nil {
			shared, err := h.shared(part)
			if err != nil {
				return nil, fmt.Errorf("output %s: %w", binding.Name, err)
			}
			result.Outputs = append(result.Outputs, contract.Output{Name: binding.Name, Value: shared})
			continue
		}
		if err := add(result, binding.Name, binding.GetData()); err != nil {
			return nil, fmt.Errorf("output %s: %w", binding.Name, err)
		}
	}
	returned := response.ReturnValue
	if returned == nil || returned.Data == nil {
		return result, nil
	}
	if returned.GetHttp() != nil || returned.GetCollectionBytes() != nil {
		if err := add(result, "$return", returned); err != nil {
			return nil, fmt.Errorf("return value: %w", err)
		}
		return result, nil
	}
	v, err := value(returned)
	if err != nil {
		return nil, fmt.Errorf("return value: %w", err)
	}
	result.Return = &v
	return result, nil
}

func add(result *contract.Result, name string, data *wire.TypedData) error {
	if answer := data.GetHttp(); answer != nil {
		if result.Response != nil {
			return errors.New("a second HTTP answer")
		}
		var err error
		result.Response, err = response(answer)
		return err
	}
	if many := data.GetCollectionBytes(); many != nil {
		for _, one := range many.Bytes {
			result.Outputs = append(result.Outputs, contract.Output{Name: name, Value: contract.Value{Kind: contract.Bytes, Bytes: one}})
		}
		return nil
	}
	v, err := value(data)
	if err != nil {
		return err
	}
	result.Outputs = append(result.Outputs, contract.Output{Name: name, Value: v})
	return nil
}

// value reads one value. Numbers become JSON.
func value(data *wire.TypedData) (contract.Value, error) {
	switch d := data.GetData().(type) {
	case nil:
		return contract.Value{}, nil
	case *wire.TypedData_String_:
		return contract.Value{Kind: contract.Text, Text: d.String_}, nil
	case *wire.TypedData_Json:
		if !json.Valid([]byte(d.Json)) {
			return contract.Value{}, errors.New("it is said to be JSON, and is not")
		}
		return contract.Value{Kind: contract.JSON, Text: d.Json}, nil
	case *wire.TypedData_Bytes:
		return contract.Value{Kind: contract.Bytes, Bytes: d.Bytes}, nil
	case *wire.TypedData_Stream:
		return contract.Value{Kind: contract.Bytes, Bytes: d.Stream}, nil
	case *wire.TypedData_Int:
		return contract.Value{Kind: contract.JSON, Text: strconv.FormatInt(d.Int, 10)}, nil
	case *wire.TypedData_Double:
		if math.IsNaN(d.Double) || math.IsInf(d.Double, 0) {
			return contract.Value{}, fmt.Errorf("%v has no form in JSON", d.Double)
		}
		return array(d.Double)
	case *wire.TypedData_CollectionString:
		return array(d.CollectionString.String_)
	case *wire.TypedData_CollectionDouble:
		return array(d.CollectionDouble.Double)
	case *wire.TypedData_CollectionSint64:
		return array(d.CollectionSint64.Sint64)
	}
	return contract.Value{}, fmt.Errorf("a value of kind %T is not expected here", data.Data)
}

func array(values any) (contract.Value, error) {
	text, err := json.Marshal(values)
	return contract.Value{Kind: contract.JSON, Text: string(text)}, err
}

// shared is a payload that stays in its file until the result is ended.
func (h *Host) shared(part *wire.RpcSharedMemory) (contract.Value, error) {
	if h.room == nil {
		return contract.Value{}, errors.New("it is shared, although sharing is off")
	}
	found, err := h.room.Find(part.Name, part.Offset, part.Count)
	if err != nil {
		return contract.Value{}, err
	}
	return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: found.Size(),
		Text: part.Type == wire.RpcDataType_string,
		Open: func(ctx context.Context, from int64) (io.ReadCloser, error) {
			file, err := found.Read(from)
			if err != nil {
				return nil, err
			}
			return struct {
				io.Reader
				io.Closer
			}{untilDone{ctx, file}, file}, nil
		},
	}}, nil
}

// untilDone ends a copy with ctx's cause, whether the source minds ctx or not.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Reader.Read(p)
}

func mapsOf(response *wire.InvocationResponse) (names []string) {
	for _, binding := range response.GetOutputData() {
		if part := binding.GetRpcSharedMemory(); part != nil {
			names = append(names, part.Name)
		}
	}
	return names
}
