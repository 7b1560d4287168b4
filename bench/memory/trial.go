package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// patience is the longest that one payload may take.
const patience = 4 * time.Minute

// warm is the size of the payload that goes before the one that counts.
const warm = 1 << 20

// payload is one of so many bytes, always the same, made as it is read.
func payload(size int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }

// functions measures one payload through the functions of an app.
func (b *bench) functions(ctx context.Context, program, app, runtime, worker string, size int64) (f figure, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	data, err := b.stage.Scratch("data")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(data)
	dir := filepath.Join(data, "work")
	store, err := file.Open(dir, file.Options{})
	if err != nil {
		return f, err
	}
	defer store.Close()
	for _, n := range []int64{warm, size} {
		if _, err := store.Blobs().Put(ctx, blob.Name{Container: "payloads", Path: fmt.Sprint(n)}, blob.Head{}, payload(n), blob.Want{}); err != nil {
			return f, err
		}
	}
	flags := []string{"--app", app, "--memory-limit", b.limit, "--store", "file:" + dir}
	if worker != "" {
		flags = append(flags, "--language-worker", worker)
	}
	var log bytes.Buffer
	st, err := b.stage.StartStanch(ctx, program, rig.Options{
		Command: rig.Command{Output: &log, Env: []string{"FUNCTIONS_WORKER_RUNTIME=" + runtime, "PYTHONDONTWRITEBYTECODE=1"}}, Flags: flags, Data: data,
	})
	if err != nil {
		return f, fmt.Errorf("%w\n%s", err, log.String())
	}
	defer st.Stop(10 * time.Second)
	through := func(size int64) ([]byte, string, error) { return hand(ctx, store, size) }
	if f, err = b.around(ctx, st, size, through); err != nil {
		st.Stop(10 * time.Second) // then nobody writes the log
		return f, fmt.Errorf("%w\n%s", err, log.String())
	}
	return f, nil
}

// around measures what is around one payload, after a small one.
func (b *bench) around(ctx context.Context, st *rig.Stanch, size int64, through func(size int64) (answer []byte, refused string, err error)) (f figure, err error) {
	if _, refused, err := through(warm); err != nil || refused != "" {
		return f, errors.Join(err, errors.New(refused))
	}
	pause(ctx, b.settle)
	status, err := st.Status(ctx)
	if err != nil || len(status.Workers) != 1 {
		return f, fmt.Errorf("%d workers, want one: %w", len(status.Workers), err)
	}
	worker := rig.Tree(status.Workers[0].PID)
	f.StanchBase, f.WorkerBase = residents("VmRSS", st.PID), residents("VmRSS", worker...)
	for _, pid := range append([]int{st.PID}, worker...) {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return f, fmt.Errorf("reset the peak: %w", err)
		}
	}
	began := time.Now()
	answer, refused, err := through(size)
	if err != nil {
		return f, err
	}
	f.Refused, f.Seconds = refused, time.Since(began).Seconds()
	f.StanchPeak, f.WorkerPeak = residents("VmHWM", st.PID), residents("VmHWM", worker...)
	pause(ctx, b.settle)
	f.WorkerRetained = residents("VmRSS", worker...)
	if f.StanchPeak == 0 || f.WorkerPeak == 0 {
		return f, errors.New("the worker or stanch is gone")
	}
	if refused == "" {
		return f, compare(answer, size)
	}
	return f, nil
}

// hand puts the message that names a payload, and waits for the answer. Why the
// function or stanch refused it is told.
func hand(ctx context.Context, store *file.Store, size int64) (answer []byte, refused string, err error) {
	if _, err := store.Put(ctx, "read", fmt.Append(nil, size)); err != nil {
		return nil, "", err
	}
	for {
		if given, err := store.Peek(ctx, "read-poison", 1); err == nil && len(given) == 1 {
			// The note follows the message.
			if note, err := poison.Get(ctx, store.Ledger(), "read-poison", given[0].ID); err == nil {
				return nil, note.Why, nil
			}
		}
		if done, err := store.Peek(ctx, "done", 1); err == nil && len(done) == 1 {
			return done[0].Body, "", store.Clear(ctx, "done")
		}
		if pause(ctx, 5*time.Millisecond); ctx.Err() != nil {
			return nil, "", fmt.Errorf("wait for the answer: %w", ctx.Err())
		}
	}
}

func compare(answer []byte, size int64) error {
	var got struct {
		Bytes  int64
		SHA256 string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	sum := sha256.New()
	_, err := io.Copy(sum, payload(size))
	want := hex.EncodeToString(sum.Sum(nil))
	if err == nil && (got.Bytes != size || got.SHA256 != want) {
		return fmt.Errorf("the worker read %d bytes with the digest %s, want %d with %s", got.Bytes, got.SHA256, size, want)
	}
	return err
}

// plain measures the body of a request through the proxy.
func (b *bench) plain(ctx context.Context, size int64) (f figure, err error) {
	st, err := b.stage.StartStanch(ctx, b.program, rig.Options{
		Command: rig.Command{Args: []string{"python3", filepath.Join(b.apps, "plain.py"), "{port}"}}, Flags: []string{"--memory-limit", b.limit},
	})
	if err != nil {
		return f, err
	}
	defer st.Stop(10 * time.Second)
	return b.around(ctx, st, size, func(size int64) ([]byte, string, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+st.Address+"/", payload(size))
		if err != nil {
			return nil, "", err
		}
		req.ContentLength = size
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		if err != nil || res.StatusCode != http.StatusOK {
			return nil, strings.TrimSpace(fmt.Sprintf("%s: %s", res.Status, answer)), err
		}
		return answer, "", nil
	})
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
