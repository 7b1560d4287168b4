package route

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// answer writes what a function answered.
func answer(w http.ResponseWriter, r *http.Request, response *contract.Response) {
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	if status < 200 || status > 999 {
		http.Error(w, "the function answered with a status that is none", http.StatusInternalServerError)
		return
	}
	body, size, err := response.Body.Open(r.Context(), "response")
	if err != nil {
		fail(w, r, err)
		return
	}
	defer body.Close()
	header := w.Header()
	for name, values := range travelling(response.Header) {
		header[name] = values
	}
	empty := status == http.StatusNoContent || status == http.StatusNotModified
	head := r.Method == http.MethodHead
	switch {
	case empty:
		header.Del("Content-Length")
	case head && response.Body.Kind == contract.None:
		// What the function says of a body that it does not send stands.
	default:
		header.Del("Content-Length")
		if size >= 0 {
			header.Set("Content-Length", strconv.FormatInt(size, 10))
		}
		if header.Get("Content-Type") == "" && size != 0 {
			header.Set("Content-Type", kind(response.Body))
		}
	}
	w.WriteHeader(status)
	if empty || head {
		return
	}
	n, err := pour(w, body, size < 0)
	if err != nil || size >= 0 && n != size {
		panic(http.ErrAbortHandler) // the client is not to take half of it for all
	}
}

// kind is the content type of a body whose function names none.
func kind(v contract.Value) string {
	switch {
	case v.Kind == contract.JSON:
		return "application/json; charset=utf-8"
	case v.Kind == contract.Large && v.Stream.ContentType != "":
		return v.Stream.ContentType
	case v.Kind == contract.Text, v.Kind == contract.Large && v.Stream.Text:
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// pour copies a body. One whose length nobody knows may be made as it goes: each
// piece is sent on at once.
func pour(w http.ResponseWriter, body io.Reader, live bool) (int64, error) {
	if !live {
		return io.Copy(w, body)
	}
	out, total, buffer := http.NewResponseController(w), int64(0), make([]byte, 32<<10)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			total += int64(n)
			if _, err := w.Write(buffer[:n]); err != nil {
				return total, err
			}
			if err := out.Flush(); err != nil {
				return total, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return total, nil
		case err != nil:
			return total, err
		}
	}
}

// fail answers for a function that did not. Of what went wrong the client is told
// no more than the kind: messages hold what is not the client's.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		// Nobody listens, most likely; and whoever does is not to take it for an empty 200.
		panic(http.ErrAbortHandler)
	}
	_, failed := errors.AsType[*contract.Failed](err)
	_, gone := errors.AsType[*contract.Gone](err)
	big, tooBig := errors.AsType[*room.TooBig](err)
	away, unavailable := errors.AsType[*work.Unavailable](err)
	_, disk := errors.AsType[*spool.Error](err)
	switch {
	case failed:
		http.Error(w, "the function failed", http.StatusInternalServerError)
	case tooBig && float64(big.Payload)*big.Factor > float64(big.Cost)/2:
		http.Error(w, "the payload is more than the function's memory can hold", http.StatusRequestEntityTooLarge)
	case tooBig:
		// It is the function that takes too much, whatever it is given.
		http.Error(w, "the function takes more memory than there is", http.StatusInsufficientStorage)
	case unavailable:
		busy(w, away.After)
	case errors.Is(err, admit.ErrClosed):
		busy(w, 0)
	case errors.Is(err, context.DeadlineExceeded):
		http.Error(w, "the function took too long", http.StatusGatewayTimeout)
	case gone:
		http.Error(w, "the worker went away", http.StatusBadGateway)
	case disk:
		http.Error(w, "there is no room to keep the answer", http.StatusInsufficientStorage)
	default:
		http.Error(w, "the function could not be called", http.StatusInternalServerError)
	}
}

// busy asks a client to come back.
func busy(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(after.Seconds())))))
	http.Error(w, "it can't be done now", http.StatusServiceUnavailable)
}
