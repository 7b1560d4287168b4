package customhandler_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

// A text is read twice: to measure it as JSON, and to send it.
func TestATextThatIsAnotherWhenItIsSentIsThePayloadsFault(t *testing.T) {
	var whole atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			whole.Add(1)
		}
		_, _ = io.WriteString(w, "{}")
	}, nil)
	for _, size := range []int{10, 8 << 20} { // one that is held, and one that is streamed
		plain, quotes := strings.Repeat("x", size), strings.Repeat(`"`, size)
		for _, row := range []struct {
			why         string
			first, then string
			want        error
		}{
			{"it is the same", quotes, quotes, nil},
			{"it became longer as JSON", plain, quotes, work.ErrChanged},
			{"it became shorter as JSON", quotes, plain, work.ErrChanged},
			{"it became longer by one", plain, plain[1:] + `"`, work.ErrChanged},
			{"it became shorter by one", plain[1:] + `"`, plain, work.ErrChanged},
		} {
			reads, before := 0, whole.Load()
			in := contract.Value{Kind: contract.Large, Stream: &contract.Stream{
				Size: int64(size), Text: true,
				Open: func(context.Context, int64) (io.ReadCloser, error) {
					if reads++; reads == 1 {
						return io.NopCloser(strings.NewReader(row.first)), nil
					}
					return io.NopCloser(strings.NewReader(row.then)), nil
				},
			}}
			_, _, err := c.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f", Inputs: []contract.Input{{Name: "msg", Value: in}}})
			if !errors.Is(err, row.want) || row.want != nil && !strings.Contains(err.Error(), "input msg") {
				t.Errorf("%s, of %d bytes: Invoke: %v, want %v of input msg", row.why, size, err, row.want)
			}
			if gone := (*contract.Gone)(nil); errors.As(err, &gone) {
				t.Errorf("%s, of %d bytes: Invoke blames the worker: %v", row.why, size, err)
			}
			if row.want != nil && whole.Load() != before {
				t.Errorf("%s, of %d bytes: the worker saw a whole request", row.why, size)
			}
		}
	}
}
