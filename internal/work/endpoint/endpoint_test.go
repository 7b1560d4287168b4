package endpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
)

const payload = "0123456789"

func stream(body string) *contract.Stream {
	return &contract.Stream{Size: int64(len(body)), ETag: "v1", ContentType: "image/png", Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(body[from:])), nil
	}}
}

// lend serves one delivery.
func lend(t *testing.T, in map[string]*contract.Stream, out map[string]endpoint.Sink) *endpoint.Loan {
	t.Helper()
	var e *endpoint.Endpoint
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	e = endpoint.New(server.URL)
	l := e.Lend(t.Context(), in, out)
	t.Cleanup(l.Close)
	return l
}

func do(t *testing.T, method, url string, body io.Reader, header ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

func TestAPayloadIsReadWholeOrInParts(t *testing.T) {
	l := lend(t, map[string]*contract.Stream{"in/1 ü": stream(payload), "empty": stream("")}, nil)
	for _, row := range []struct {
		name, ranges, ifRange string
		status                int
		want, content         string
	}{
		{"whole", "", "", 200, payload, ""},
		{"from the middle", "bytes=4-", "", 206, "456789", "bytes 4-9/10"},
		{"a piece", "bytes=2-3", "", 206, "23", "bytes 2-3/10"},
		{"the first byte", "bytes=0-0", "", 206, "0", "bytes 0-0/10"},
		{"the end", "bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"more than there is", "bytes=8-99", "", 206, "89", "bytes 8-9/10"},
		{"an end longer than all", "bytes=-99", "", 206, payload, "bytes 0-9/10"},
		{"behind the end", "bytes=10-", "", 416, "", "bytes */10"},
		{"nothing of the end", "bytes=-0", "", 416, "", "bytes */10"},
		{"backwards is no range", "bytes=5-2", "", 200, payload, ""},
		{"several are answered with all", "bytes=0-1,3-4", "", 200, payload, ""},
		{"no number", "bytes=a-b", "", 200, payload, ""},
		{"another unit", "rows=1-2", "", 200, payload, ""},
		{"of this version", "bytes=4-", `"v1"`, 206, "456789", "bytes 4-9/10"},
		{"of another version", "bytes=4-", `"v0"`, 200, payload, ""},
	} {
		header := []string{"Range", row.ranges}
		if row.ifRange != "" {
			header = append(header, "If-Range", row.ifRange)
		}
		answer, got, err := do(t, "GET", l.URL("in/1 ü"), nil, header...)
		if err != nil || answer.StatusCode != row.status || row.want != "" && got != row.want || answer.Header.Get("Content-Range") != row.content {
			t.Errorf("%s: %d %q %q, %v; want %d %q %q", row.name, answer.StatusCode, got, answer.Header.Get("Content-Range"), err, row.status, row.want, row.content)
		}
	}
	answer, _, err := do(t, "HEAD", l.URL("in/1 ü"), nil)
	if err != nil || answer.ContentLength != 10 || answer.Header.Get("Etag") != `"v1"` || answer.Header.Get("Content-Type") != "image/png" || answer.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD = %d %v, %v", answer.ContentLength, answer.Header, err)
	}
	if answer, got, err := do(t, "GET", l.URL("empty"), nil); err != nil || answer.StatusCode != 200 || got != "" {
		t.Errorf("GET of nothing = %d %q, %v", answer.StatusCode, got, err)
	}
}

func TestOnlyWhatIsLentCanBeHad(t *testing.T) {
	l := lend(t, map[string]*contract.Stream{"in": stream(payload)}, map[string]endpoint.Sink{"out": func(context.Context, string, io.Reader) error { return nil }})
	other := strings.Replace(l.URL("in"), "/payload/", "/payload/X", 1)
	for _, row := range []struct {
		method, url string
		status      int
	}{
		{"GET", other, 404},
		{"GET", l.URL("none"), 404},
		{"GET", l.URL("out"), 404},
		{"PUT", l.URL("in"), 404},
		{"DELETE", l.URL("in"), 405},
		{"POST", l.URL("in"), 405},
		{"GET", strings.TrimSuffix(l.URL("in"), "/in"), 404},
		{"GET", l.URL(""), 404},
	} {
		answer, text, err := do(t, row.method, row.url, nil)
		if err != nil || answer.StatusCode != row.status {
			t.Errorf("%s = %d %q, %v; want %d", row.method, answer.StatusCode, text, err, row.status)
		}
	}
	url := l.URL("in")
	l.Close()
	l.Close()
	if answer, _, err := do(t, "GET", url, nil); err != nil || answer.StatusCode != 404 {
		t.Errorf("GET after the delivery = %d, %v, want 404", answer.StatusCode, err)
	}
}

func TestTwoDeliveriesHaveTokensOfTheirOwn(t *testing.T) {
	e := endpoint.New("http://x")
	a, b := e.Lend(t.Context(), nil, nil), e.Lend(t.Context(), nil, nil)
	defer a.Close()
	defer b.Close()
	if a.URL("in") == b.URL("in") || len(a.URL("in")) < len("http://x/payload//in")+26 {
		t.Errorf("URLs %s and %s", a.URL("in"), b.URL("in"))
	}
}

func TestAPayloadThatCannotBeOpenedSaysWhy(t *testing.T) {
	for err, want := range map[error]int{
		fmt.Errorf("open: %w", work.ErrAbsent): 404, fmt.Errorf("open: %w", work.ErrChanged): 412,
		&work.Unavailable{Err: errors.New("down")}: 503, errors.New("odd"): 502,
	} {
		l := lend(t, map[string]*contract.Stream{"in": {Size: 10, Open: func(context.Context, int64) (io.ReadCloser, error) { return nil, err }}}, nil)
		answer, text, failed := do(t, "GET", l.URL("in"), nil)
		if failed != nil || answer.StatusCode != want || !strings.Contains(text, err.Error()) {
			t.Errorf("GET = %d %q, %v; want %d and %v", answer.StatusCode, text, failed, want, err)
		}
	}
}

func TestAnOutputIsStreamedIntoItsSink(t *testing.T) {
	var got bytes.Buffer
	var kind string
	l := lend(t, nil, map[string]endpoint.Sink{
		"out": func(_ context.Context, contentType string, body io.Reader) error {
			kind = contentType
			_, err := io.Copy(&got, body)
			return err
		},
		"full": func(context.Context, string, io.Reader) error { return &work.Unavailable{Err: errors.New("disk full")} },
	})
	body := strings.Repeat("x", 1<<20)
	if answer, text, err := do(t, "PUT", l.URL("out"), strings.NewReader(body), "Content-Type", "text/plain"); err != nil || answer.StatusCode != 201 || got.String() != body || kind != "text/plain" {
		t.Errorf("PUT = %d %q, %v; %d bytes of %q", answer.StatusCode, text, err, got.Len(), kind)
	}
	if answer, _, err := do(t, "PUT", l.URL("full"), strings.NewReader("x")); err != nil || answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("PUT into a full store = %d, %v; want 503 with Retry-After", answer.StatusCode, err)
	}
}

func TestTheEndOfADeliveryBreaksItsReadersOff(t *testing.T) {
	opened := make(chan struct{})
	l := lend(t, map[string]*contract.Stream{"in": {Size: -1, Open: func(ctx context.Context, _ int64) (io.ReadCloser, error) {
		close(opened)
		return io.NopCloser(endless{ctx}), nil
	}}}, nil)
	ended := make(chan error, 1)
	go func() {
		_, _, err := do(t, "GET", l.URL("in"), nil)
		ended <- err
	}()
	<-opened
	l.Close() // waits for the reader
	if err := <-ended; err == nil {
		t.Error("the reader saw a whole payload")
	}
}

// endless stalls until its delivery ends.
type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}
