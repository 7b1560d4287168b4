package host_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// A contract that asks for URLs gets those of everything that is streamed, the
// trigger's too, and finds no payload in their place; each function has the bounds
// of its own.
func TestWhatIsStreamedIsLentToWhoAsks(t *testing.T) {
	folder := fstest.MapFS{
		"host.json": {Data: []byte(hostJSON)},
		"big/function.json": {Data: []byte(`{"bindings":[
			{"type":"blobTrigger","direction":"in","name":"it","path":"large/{name}","stanchMode":"streamed"},
			{"type":"blob","direction":"in","name":"side","path":"sides/{name}","stanchMode":"streamed"},
			{"type":"blob","direction":"in","name":"none","path":"nowhere/{name}","stanchMode":"streamed"},
			{"type":"blob","direction":"out","name":"copy","path":"copies/{name}"}]}`)},
	}
	read, mistakes := funcapp.Read(folder, funcapp.Machine{Processors: 1})
	if err := funcapp.Faults(mistakes); err != nil {
		t.Fatal(err)
	}
	store, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for container, text := range map[string]string{"large": "0123456789", "sides": "side"} {
		if _, err := store.Blobs().Put(t.Context(), blob.Name{Container: container, Path: "a"}, blob.Head{}, strings.NewReader(text), blob.Want{}); err != nil {
			t.Fatal(err)
		}
	}
	var lent *endpoint.Endpoint
	payloads := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { lent.ServeHTTP(w, r) }))
	defer payloads.Close()
	lent = endpoint.New(payloads.URL)

	var h *host.Host
	got := make(chan map[string]string, 10)
	crew := &workers{run: func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
		urls, end := h.Lend(ctx, inv)
		defer end()
		seen := map[string]string{"body": inv.Inputs[0].Value.Text}
		for name, url := range urls {
			if name == "copy" {
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader("copied"))
				if err != nil {
					return nil, err
				}
				answer, err := http.DefaultClient.Do(req)
				if err != nil {
					return nil, err
				}
				answer.Body.Close()
				seen[name] = answer.Status
				continue
			}
			answer, err := http.Get(url)
			if err != nil {
				return nil, err
			}
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			seen[name] = string(text)
		}
		got <- seen
		return nil, errors.New("once is enough")
	}}
	own := read.Host
	own.Blobs.PoisonThreshold = 1
	admission := admit.New(room.Config{Patience: time.Second})
	defer admission.Close()
	done := make(chan host.Done, 10)
	h, err = host.New(host.Config{
		App: "app", Functions: read.Functions, Settings: read.Host, Own: map[string]funcapp.Host{"big": own}, Holder: "h1", Factor: 2,
		Open: func(string) (host.Stores, error) {
			return host.Stores{Kind: "file", Target: "here", Queues: store, Blobs: store.Blobs(), Ledger: store.Ledger()}, nil
		},
		Crew: crew, Admission: admission, Endpoint: lent, Lends: true, Hold: 5 * time.Second, ScanEvery: 50 * time.Millisecond,
		Done: func(d *host.Done) { done <- *d }, Say: func(format string, args ...any) { t.Logf(format, args...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); h.Run(ctx, ctx) }()
	defer func() { stop(); <-ran }()
	want := map[string]string{"body": "", "it": "0123456789", "side": "side", "copy": "201 Created"}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Errorf("the worker was lent (-want +got):\n%s", diff)
	}
	// One failure is poison, by the function's own bound and not by the app's five.
	<-done
	poison := host.BlobQueue("app", "big") + "-poison"
	for d, err := store.Depth(t.Context(), poison); err != nil || d.Total == 0; d, err = store.Depth(t.Context(), poison) {
		if len(got) > 0 {
			t.Fatal("it was delivered again")
		}
		time.Sleep(5 * time.Millisecond) // between two looks at the store
	}
	if n := len(got); n != 0 {
		t.Errorf("it was delivered %d times more, want once", n)
	}
}
