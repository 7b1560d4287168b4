package host_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

var moved = blob.Name{Container: "images", Path: "cat"}

func (a *app) write(t *testing.T, body string) {
	t.Helper()
	if _, err := a.store.Blobs().Put(t.Context(), moved, blob.Head{}, strings.NewReader(body), blob.Want{}); err != nil {
		t.Fatal(err)
	}
}

// all reads a payload, and leaves the error to the caller.
func all(ctx context.Context, v contract.Value) (string, error) {
	body, _, err := v.Open(ctx, "b")
	if err != nil {
		return "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	return string(text), err
}

// Between the look at a blob and the reading of it anything may happen.
func TestABlobMovesBetweenItsTriggerAndItsReading(t *testing.T) {
	for _, row := range []struct {
		why  string
		move func(t *testing.T, a *app)
		want []string // what the function gets whole, in order
	}{
		{"replaced", func(t *testing.T, a *app) { a.write(t, "the new one") }, []string{"the new one"}},
		{"replaced by less", func(t *testing.T, a *app) { a.write(t, "n") }, []string{"n"}},
		{"deleted", func(t *testing.T, a *app) {
			if err := a.store.Blobs().Delete(t.Context(), moved, blob.Want{}); err != nil {
				t.Error(err)
			}
		}, nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			read := make(chan string, 10)
			var tries atomic.Int64
			a := start(t, map[string]string{"f": `{"bindings":[{"type":"blobTrigger","direction":"in","name":"b","path":"images/{name}"}]}`}, nil)
			begun := time.Now()
			a.crew.set(func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
				if tries.Add(1) == 1 {
					row.move(t, a)
				}
				text, err := all(ctx, inv.Inputs[0].Value)
				if err == nil {
					read <- text
				}
				return &contract.Result{}, err
			})
			a.write(t, "the old one")
			interrupted := 0
			for range 1 + len(row.want) { // the two may end in any order
				if d := <-a.done; d.Ending == settle.Interrupted {
					interrupted++
				}
			}
			if interrupted != 1 {
				t.Errorf("%d deliveries were interrupted, want the first", interrupted)
			}
			a.empty(t, host.BlobQueue("app", "f"))
			a.stop()
			close(read)
			var got []string
			for text := range read {
				got = append(got, text)
			}
			if fmt.Sprint(got) != fmt.Sprint(row.want) {
				t.Errorf("the function got %q, want %q", got, row.want)
			}
			if v := a.View().Functions[0]; v.Failed != 0 || v.Poisoned != 0 {
				t.Errorf("View = %+v, want no failure", v)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("it took %v, want that nothing is read again and again", took)
			}
		})
	}
}

// A blob that is never what its store says of it is damaged: that is a failure,
// and has an end.
func TestABlobThatIsDamagedIsPoison(t *testing.T) {
	store := openStore(t)
	broken := errors.New("it broke off")
	a := startOn(t, store, map[string]string{"f": `{"bindings":[{"type":"blobTrigger","direction":"in","name":"b","path":"images/{name}"}]}`},
		func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
			s := *inv.Inputs[0].Value.Stream
			s.Size++ // as if the store had lost a byte
			_, err := all(ctx, contract.Value{Kind: contract.Large, Stream: &s})
			if err == nil {
				err = broken
			}
			return nil, err
		})
	a.write(t, "meow")
	got := a.await(t, host.BlobQueue("app", "f")+"-poison", 1)
	if !strings.Contains(got[0], "cat") {
		t.Errorf("the poison is %q, want the blob's message", got)
	}
	if last := a.View().Functions[0].LastError; !strings.Contains(last, "changed") {
		t.Errorf("the last error is %q, want that the blob is not what it was said to be", last)
	}
}
