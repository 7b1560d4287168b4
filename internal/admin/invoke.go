package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// Invoke invokes one function with what triggers it: a queue's message, a blob's
// name as container/path, a request's body. The payload is read during the call
// only, and an error of it is passed on. That the function failed is an answer. An
// error says that there is none: work.ErrAbsent where there is no function of that
// name, *work.Unavailable where nothing is let in now, any other where the payload
// is not what the function takes.
type Invoke func(ctx context.Context, name string, payload io.Reader, contentType string) (view.Answer, error)

// mostInvoked bounds the payload of an invocation by hand, which is held.
const mostInvoked = 16 << 20

// invoke answers with a [view.Answer]: 200 whether the function succeeded or not.
func (a *Admin) invoke(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Invoke == nil {
		problem(w, http.StatusNotFound, fmt.Errorf("no functions are run here\nhint: start stanch run in the folder of a function app, the one with host.json, or beside a stanch.yaml with functions"))
		return
	}
	done, err := a.cfg.Invoke(r.Context(), r.PathValue("name"), http.MaxBytesReader(w, r.Body, mostInvoked), r.Header.Get("Content-Type"))
	var large *http.MaxBytesError
	var away *work.Unavailable
	switch {
	case err == nil:
		if done.Logs == nil {
			done.Logs = []view.Line{}
		}
		answer(w, http.StatusOK, done)
	case errors.As(err, &large):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the payload is longer than %d bytes", mostInvoked))
	case errors.Is(err, work.ErrAbsent):
		problem(w, http.StatusNotFound, err)
	case errors.As(err, &away):
		problem(w, http.StatusServiceUnavailable, err)
	default:
		problem(w, http.StatusBadRequest, err)
	}
}
