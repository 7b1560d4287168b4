package contracttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

func failures(t *testing.T, c Case) {
	w := c.start(t)
	_, _, err := w.Invoke(patient(t), c.invocation("fail", "f", text("ü")))
	failed, ok := errors.AsType[*contract.Failed](err)
	if !ok || !strings.Contains(failed.Message, "no good: ü") || c.Reason != (failed.Type != "") {
		t.Errorf("Invoke of a function that fails: %#v, want *contract.Failed with its message", err)
	}
	if c.Garbage {
		_, _, err := w.Invoke(patient(t), c.invocation("garbage", "g", text("x")))
		if _, ok := errors.AsType[*contract.Failed](err); !ok {
			t.Errorf("Invoke with an answer that is none: %v, want *contract.Failed", err)
		}
	}
	if got := call(t, w, c.invocation("echo", "after", text("still here"))); got != "still here" {
		t.Errorf("after that the worker answers %q", got)
	}
}

// soon is how long it may take until a death is noticed. It takes milliseconds;
// the rest is for machines that are busy.
const soon = 5 * time.Second

func deaths(t *testing.T, c Case) {
	const size = 8 << 20
	for _, row := range []struct {
		function string
		payload  int64 // bytes; 0: a word
		dies     int64 // after so many of them, where the worker has to be killed
	}{
		{"diebefore", size, 0},
		{"diewhile", size, size / 2},
		{"diewhile", size, size}, // the host has read all of it, and sends it
		{"dieafter", 0, 0},
		{"half", 0, 0},
	} {
		function := row.function
		w := c.start(t)
		v := text("x")
		if row.payload > 0 {
			v = large(false, row.payload, func() io.Reader {
				body := noise(row.payload)
				if w.Kill == nil {
					return body
				}
				return io.MultiReader(io.LimitReader(body, row.dies), then(w.Kill), body)
			})
		}
		call(t, w, c.invocation("echo", "first", text("x"))) // a connection is there, and may be stale
		began := time.Now()
		_, _, err := w.Invoke(patient(t), c.invocation(function, "d", v))
		if _, ok := errors.AsType[*contract.Gone](err); !ok {
			t.Errorf("Invoke of %s: %v, want *contract.Gone", function, err)
		}
		took := time.Since(began)
		t.Logf("%s was noticed after %v", function, took)
		if took > soon {
			t.Errorf("%s was noticed after %v, want at once", function, took)
		}
		if _, _, err := w.Invoke(patient(t), c.invocation("echo", "later", text("x"))); !gone(err) {
			t.Errorf("Invoke after %s: %v, want *contract.Gone", function, err)
		}
		if n := w.Held(); n != 0 {
			t.Errorf("after %s %d files are held", function, n)
		}
	}
}

// then is an end that does something when it is reached.
type then func()

func (do then) Read([]byte) (int, error) {
	do()
	return 0, io.EOF
}

func gone(err error) bool { _, ok := errors.AsType[*contract.Gone](err); return ok }

func slowness(t *testing.T, c Case) {
	w := c.start(t)
	over := errors.New("its time is over")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, over)
	defer cancel()
	if _, _, err := w.Invoke(ctx, c.invocation("hang", "slow", text("x"))); !errors.Is(err, over) {
		t.Errorf("Invoke of a function that is too slow: %v, want the context's cause", err)
	}
	// A source that hangs is no reason to wait either.
	ctx, cancel = context.WithTimeoutCause(t.Context(), 100*time.Millisecond, over)
	defer cancel()
	stuck := contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: 4 << 20, Open: func(ctx context.Context, _ int64) (io.ReadCloser, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	if _, _, err := w.Invoke(ctx, c.invocation("readbytes", "stuck", stuck)); !errors.Is(err, over) {
		t.Errorf("Invoke with a payload that does not come: %v, want the context's cause", err)
	}
	if got := call(t, w, c.invocation("echo", "after", text("still here"))); got != "still here" {
		t.Errorf("after that the worker answers %q", got)
	}
	notes := w.Stop()
	if !c.lacks(t, NoCancel) && !slices.Contains(notes, "told slow") {
		t.Errorf("the worker was not told that nobody waits any more: %q", notes)
	}
	if slices.Contains(notes, "whole stuck") {
		t.Error("the worker took a payload for whole that never came")
	}
}

func broken(t *testing.T, c Case) {
	hung := errors.New("store hung up")
	const size = 3 << 20
	body := strings.Repeat("0123456789abcdef", size/16)
	source := func(of string, then error) func() io.Reader {
		return func() io.Reader {
			if then == nil {
				return strings.NewReader(of)
			}
			return io.MultiReader(strings.NewReader(of), iotest.ErrReader(then))
		}
	}
	w := c.start(t)
	var ids []string
	for _, row := range []struct {
		why  string
		size int64
		from func() io.Reader
		want error
	}{
		{"broken at once", size, source("", hung), hung},
		{"broken midway", size, source(body[:size/2], hung), hung},
		{"broken at its end", size, source(body, hung), hung},
		{"broken midway, of unknown size", -1, source(body, hung), hung},
		{"cut as a connection is", -1, source(body, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		{"shorter by one", size, source(body[1:], nil), work.ErrChanged},
		{"empty", size, source("", nil), work.ErrChanged},
		{"longer by one", size, source(body+"x", nil), work.ErrChanged},
		{"longer by far", size, source(body+body, nil), work.ErrChanged},
		{"not empty", 0, source("x", nil), work.ErrChanged},
		{"small and shorter", 10, source("short", nil), work.ErrChanged},
		{"small and longer", 3, source("longer", nil), work.ErrChanged},
	} {
		for _, function := range []string{"read", "readbytes"} {
			id := fmt.Sprintf("%s, %s", row.why, function)
			ids = append(ids, id)
			_, _, err := w.Invoke(patient(t), c.invocation(function, id, large(function == "read", row.size, row.from)))
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), "input "+c.input()) || gone(err) {
				t.Errorf("%s: Invoke: %v, want %v of its input", id, err, row.want)
			}
		}
	}
	refused := contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) { return nil, hung }}}
	if _, _, err := w.Invoke(patient(t), c.invocation("readbytes", "refused", refused)); !errors.Is(err, hung) || !strings.Contains(err.Error(), "input "+c.input()) {
		t.Errorf("Invoke with a payload that can't be opened: %v, want %v of its input", err, hung)
	}
	sound := read(t, w, c.invocation("readbytes", "sound", large(false, size, source(body, nil))))
	if sound.Size != size {
		t.Errorf("after that the function saw %d bytes, want %d", sound.Size, size)
	}
	if n := w.Held(); n != 0 {
		t.Errorf("%d files are held, want none", n)
	}
	notes := w.Stop()
	for _, id := range append(ids, "refused") {
		if slices.Contains(notes, "whole "+id) {
			t.Errorf("%s: the worker took it for whole", id)
		}
	}
	if !slices.Contains(notes, "whole sound") {
		t.Errorf("the journal is %q, and has no %q", notes, "whole sound")
	}
}
