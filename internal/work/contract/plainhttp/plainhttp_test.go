package plainhttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/plainhttp"
)

func serve(t *testing.T, h http.HandlerFunc, with func(*plainhttp.Config)) *plainhttp.Client {
	t.Helper()
	cfg := plainhttp.Config{
		Dial:  contracttest.Local(t, h),
		Path:  func(function string) string { return "/work/" + function },
		Spool: t.TempDir(),
	}
	if with != nil {
		with(&cfg)
	}
	c := plainhttp.New(cfg)
	t.Cleanup(c.Close)
	return c
}

func delivery(v contract.Value) *contract.Invocation {
	return &contract.Invocation{
		ID: "id-1", Function: "resize", Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Deadline: time.UnixMilli(1_800_000_000_000),
		Inputs:   []contract.Input{{Name: "msg", Binding: "queueTrigger", Value: v}},
		Metadata: []contract.Datum{
			{Name: "DequeueCount", Value: contract.Value{Kind: contract.JSON, Text: "2"}},
			{Name: "Id", Value: contract.Value{Kind: contract.Text, Text: "m 1/é%"}},
			{Name: "InsertionTime", Value: contract.Value{Kind: contract.JSON, Text: `"2026-11-21T08:00:00Z"`}},
			{Name: "bad name", Value: contract.Value{Kind: contract.Text, Text: "x"}},
			{Name: "long", Value: contract.Value{Kind: contract.Text, Text: strings.Repeat("x", 5000)}},
			{Name: "evil", Value: contract.Value{Kind: contract.Text, Text: "a\r\nX-Injected: 1"}},
		},
	}
}

func TestADeliveryIsAPostOfItsPayload(t *testing.T) {
	for _, row := range []struct {
		name        string
		value       contract.Value
		body, media string
	}{
		{"text", contract.Value{Kind: contract.Text, Text: "hello"}, "hello", "text/plain; charset=utf-8"},
		{"text that is JSON", contract.Value{Kind: contract.Text, Text: ` {"a":1}`}, ` {"a":1}`, "application/json"},
		{"bytes", contract.Value{Kind: contract.Bytes, Bytes: []byte{0, 255}}, "\x00\xff", "application/octet-stream"},
		{"a stream", contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: 3, ContentType: "image/png", Open: func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("png")), nil
		}}}, "png", "image/png"},
		{"a timer's", contract.Value{Kind: contract.JSON, Text: `{"IsPastDue":false}`}, `{"IsPastDue":false}`, "application/json"},
		{"nothing", contract.Value{}, "", "application/octet-stream"},
		{"a request's body", contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{Body: contract.Value{Kind: contract.Text, Text: "in"}}}, "in", "application/octet-stream"},
	} {
		var seen *http.Request
		var body string
		ended := false
		c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			all, _ := io.ReadAll(r.Body)
			seen, body = r, string(all)
		}, func(c *plainhttp.Config) {
			c.Lend = func(context.Context, *contract.Invocation) (map[string]string, func()) {
				return map[string]string{"picture": "http://127.0.0.1:1/payload/t/picture"}, func() { ended = true }
			}
		})
		result, end, err := c.Invoke(t.Context(), delivery(row.value))
		if err != nil || result.Return != nil {
			t.Fatalf("%s: %+v, %v", row.name, result, err)
		}
		if ended {
			t.Errorf("%s: the URLs ended before the delivery", row.name)
		}
		end()
		if body != row.body || seen.ContentLength != int64(len(row.body)) || seen.URL.Path != "/work/resize" || seen.Method != http.MethodPost || !ended {
			t.Errorf("%s: %s %s with %q (length %d), ended %v", row.name, seen.Method, seen.URL.Path, body, seen.ContentLength, ended)
		}
		for name, want := range map[string]string{
			"Content-Type": row.media, "Stanch-Invocation-Id": "id-1", "Stanch-Function": "resize", "Stanch-Deadline-Ms": "1800000000000",
			"Ce-Id": "id-1", "Ce-Type": "dev.stanch.queueTrigger", "Ce-Source": "/resize", "Ce-Specversion": "1.0",
			"Stanch-Meta-Dequeuecount": "2", "Stanch-Meta-Id": "m 1/%C3%A9%25", "Stanch-Meta-Insertiontime": "2026-11-21T08:00:00Z", "Stanch-Meta-Long": "",
			"Stanch-Meta-Evil": "a%0D%0AX-Injected: 1", "X-Injected": "", "Stanch-Url-Picture": "http://127.0.0.1:1/payload/t/picture",
			"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		} {
			if got := seen.Header.Get(name); got != want {
				t.Errorf("%s: header %s is %q, want %q", row.name, name, got, want)
			}
		}
	}
}

func TestAnAnswerIsTheReturnValue(t *testing.T) {
	for _, size := range []int{5, 3 << 20} {
		body := strings.Repeat("x", size)
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, body)
		}, nil)
		result, end, err := c.Invoke(t.Context(), delivery(contract.Value{}))
		if err != nil {
			t.Fatal(err)
		}
		r, err := result.Return.Stream.Open(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != body[2:] || !result.Return.Stream.Text || result.Return.Stream.Size != int64(size) {
			t.Errorf("%d bytes of %d came from the third on, %v", len(got), size, err)
		}
		end()
	}
}

func TestEndingsAreToldApart(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, "because", code)
		}
	}
	failed := func(err error) bool {
		f, ok := errors.AsType[*contract.Failed](err)
		return ok && strings.Contains(f.Message, "because")
	}
	for _, row := range []struct {
		name string
		h    http.HandlerFunc
		is   func(error) bool
	}{
		{"an error of the worker", status(500), failed},
		{"a refusal of the message", status(422), failed},
		{"a redirect is no success", status(302, "Location", "/else"), failed},
		{"busy, for a time", status(503, "Retry-After", "7"), func(err error) bool {
			b, ok := errors.AsType[*plainhttp.Busy](err)
			return ok && b.After == 7*time.Second
		}},
		{"too many", status(429, "Retry-After", "0"), func(err error) bool { _, ok := errors.AsType[*plainhttp.Busy](err); return ok }},
		{"busy for nobody knows how long is a failure", status(503), failed},
	} {
		if _, _, err := serve(t, row.h, nil).Invoke(t.Context(), delivery(contract.Value{Kind: contract.Text, Text: "x"})); err == nil || !row.is(err) {
			t.Errorf("%s: Invoke = %v (%T)", row.name, err, err)
		}
	}
}
