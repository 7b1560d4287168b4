package functionrpc

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// FuzzResult: whatever a worker sends, it is a result whose JSON is JSON and whose
// status is one, or an error. It is inside because a stream for each input would
// be too slow.
func FuzzResult(f *testing.F) {
	seed := func(m *wire.InvocationResponse) {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	seed(&wire.InvocationResponse{ReturnValue: &wire.TypedData{Data: &wire.TypedData_Json{Json: "{"}}})
	seed(&wire.InvocationResponse{ReturnValue: &wire.TypedData{Data: &wire.TypedData_Http{Http: &wire.RpcHttp{
		StatusCode: "200", Cookies: []*wire.RpcHttpCookie{{Name: "a", MaxAge: &wire.NullableDouble{Double: &wire.NullableDouble_Value{Value: 1}}}},
		Body: &wire.TypedData{Data: &wire.TypedData_Double{Double: 1e300}},
	}}}})
	seed(&wire.InvocationResponse{OutputData: []*wire.ParameterBinding{{Name: "a", RpcData: &wire.ParameterBinding_RpcSharedMemory{RpcSharedMemory: &wire.RpcSharedMemory{Name: "m"}}}}})
	h := &Host{}
	f.Fuzz(func(t *testing.T, data []byte) {
		response := &wire.InvocationResponse{}
		if proto.Unmarshal(data, response) != nil {
			t.Skip()
		}
		result, err := h.result(response)
		if err != nil {
			return
		}
		check := func(v contract.Value) {
			if v.Kind == contract.JSON && !json.Valid([]byte(v.Text)) {
				t.Errorf("result holds %q as JSON", v.Text)
			}
		}
		for _, o := range result.Outputs {
			check(o.Value)
		}
		if result.Return != nil {
			check(*result.Return)
		}
		if r := result.Response; r != nil {
			check(r.Body)
			if r.Status < 100 || r.Status > 999 {
				t.Errorf("status: got %d", r.Status)
			}
		}
	})
}
