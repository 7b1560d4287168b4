package azure

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// opened is the blob of an account that has one.
func opened(t *testing.T, account *httptest.Server) (*reader, blob.Info) {
	t.Helper()
	s, err := Open(Account{Blob: account.URL}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	body, info, err := s.Blobs().Open(t.Context(), blob.Name{Container: "box", Path: "x"}, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = body.Close() })
	return body.(*reader), info
}

// The account is a fake that stands still: Azurite can't be made to.
func TestAPayloadThatStandsStillIsAskedForAgain(t *testing.T) {
	var asked atomic.Int32
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		switch asked.Add(1) {
		case 1:
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "01234")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			if got := r.Header.Get("x-ms-range") + " " + r.Header.Get("If-Match"); got != `bytes=5-9 "1"` {
				t.Errorf("the rest is asked for by %s, want bytes=5-9 of version 1", got)
			}
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "56789")
		}
	}))
	defer account.Close()
	body, info := opened(t, account)
	body.stall = 50 * time.Millisecond
	if got, err := io.ReadAll(body); string(got) != "0123456789" || err != nil || info.Size != 10 {
		t.Errorf("it holds %q, %v; want the ten digits", got, err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestAnAnswerThatIsNotTheRestIsNoPayload(t *testing.T) {
	for _, row := range []struct{ reason, etag, span string }{
		{"another version", `"2"`, "bytes 5-9/10"},
		{"another place", `"1"`, "bytes 0-9/10"},
		{"the whole, as a proxy without ranges sends it", `"1"`, ""},
	} {
		t.Run(row.reason, func(t *testing.T) {
			t.Parallel() // each waits for its tries to end
			var begun atomic.Bool
			account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !begun.Swap(true) {
					w.Header().Set("ETag", `"1"`)
					w.Header().Set("Content-Length", "10")
					_, _ = io.WriteString(w, "01234")
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("ETag", row.etag)
				if row.span != "" {
					w.Header().Set("Content-Range", row.span)
					w.WriteHeader(http.StatusPartialContent)
				}
				_, _ = io.WriteString(w, "56789")
			}))
			defer account.Close()
			body, _ := opened(t, account)
			got, err := io.ReadAll(body)
			if string(got) != "01234" || err == nil || !strings.Contains(fmt.Sprint(err), "unavailable") {
				t.Errorf("%q and %v, want the first half and that the store is unavailable", got, err)
			}
		})
	}
}
