package route_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/route"
)

// The events are those of Microsoft's documents, shortened.
const (
	createdEvent = `{"topic":"/subscriptions/s/x","subject":"/blobServices/default/containers/images/blobs/in/cat 1.jpg","eventType":"Microsoft.Storage.BlobCreated","eventTime":"2026-11-21T10:00:00.1234567Z","id":"1","data":{"api":"PutBlockList","eTag":"0x8D4BCC2E4835CD0","contentType":"image/jpeg","contentLength":524288,"blobType":"BlockBlob","url":"https://a.blob.core.windows.net/images/in/cat%201.jpg","sequencer":"0"},"dataVersion":"","metadataVersion":"1"}`
	cloudEvent   = `{"source":"/subscriptions/s/x","subject":"/blobServices/default/containers/images/blobs/b","type":"Microsoft.Storage.BlobCreated","time":"2026-11-21T10:00:00Z","id":"2","specversion":"1.0","data":{"eTag":"\"0x1\"","contentLength":0}}`
	deletedEvent = `{"subject":"/blobServices/default/containers/images/blobs/b","eventType":"Microsoft.Storage.BlobDeleted","eventTime":"2026-11-21T10:00:00Z","data":{}}`
	validating   = `[{"id":"1","topic":"t","subject":"","data":{"validationCode":"512d38b6-c7b8","validationUrl":"https://x"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"2026-01-25T22:12:19.4556811Z","metadataVersion":"1","dataVersion":"1"}]`
	noBlob       = `{"subject":"/elsewhere","eventType":"Microsoft.Storage.BlobCreated","data":{"eTag":"x"}}`
)

func TestBlobEventsBecomeOffers(t *testing.T) {
	path := route.EventsPath + "?functionName=Host.Functions.Resize&code=e-key"
	cat := `Resize images/in/cat 1.jpg "0x8D4BCC2E4835CD0" 524288 image/jpeg 10:00:00`
	other := `Resize images/b "0x1" 0  10:00:00`
	for _, row := range []struct {
		name, method, path, body string
		headers                  []string
		fails                    error
		status                   int
		answer                   string
		want                     []string
	}{
		{name: "a batch, with what is not for us", body: "[" + createdEvent + "," + deletedEvent + "," + cloudEvent + "]", status: 200, want: []string{cat, other}},
		{name: "one CloudEvent", body: cloudEvent, status: 200, want: []string{other}},
		{name: "one CloudEvent in binary mode", body: `{"eTag":"0x1"}`, headers: []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Type", "Microsoft.Storage.BlobCreated", "Ce-Subject", "/blobServices/default/containers/images/blobs/b", "Ce-Time", "2026-11-21T10:00:00Z"}, status: 200, want: []string{other}},
		{name: "an empty batch", body: " []", status: 200},
		{name: "Event Grid's handshake", body: validating, status: 200, answer: `{"validationResponse":"512d38b6-c7b8"}`},
		{name: "a handshake without a code", body: `[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{}}]`, status: 400, answer: "validationCode"},
		{name: "CloudEvents' handshake", method: "OPTIONS", headers: []string{"WebHook-Request-Origin", "eventgrid.azure.net"}, status: 200},
		{name: "CloudEvents' handshake of nobody", method: "OPTIONS", status: 400, answer: "Origin"},
		{name: "another method", method: "GET", status: 405},
		{name: "without a function", path: route.EventsPath + "?code=e-key", body: cloudEvent, status: 400, answer: "functionName"},
		{name: "without a key", path: route.EventsPath + "?functionName=Resize", body: cloudEvent, status: 401},
		{name: "with a wrong key", path: route.EventsPath + "?functionName=Resize&code=x", body: cloudEvent, status: 401},
		{name: "with the master's key", path: route.EventsPath + "?functionName=Resize&code=m-key", body: cloudEvent, status: 200, want: []string{other}},
		{name: "a function that is not there", body: cloudEvent, fails: fmt.Errorf("x: %w", work.ErrAbsent), status: 404, want: []string{other}},
		{name: "a store that is away", body: cloudEvent, fails: &work.Unavailable{After: 5 * time.Second, Err: errors.New("secret")}, status: 503, want: []string{other}},
		{name: "anything else", body: cloudEvent, fails: errors.New("secret"), status: 503, want: []string{other}},
		{name: "an unsound one does not take the sound ones with it", body: "[" + noBlob + "," + cloudEvent + "]", status: 400, answer: "event 1: its subject names no blob", want: []string{other}},
		{name: "a way out of the container", body: `{"subject":"/blobServices/default/containers/images/blobs/../x","type":"Microsoft.Storage.BlobCreated","data":{"eTag":"x"}}`, status: 400},
		{name: "without a version", body: `{"subject":"/blobServices/default/containers/images/blobs/x","type":"Microsoft.Storage.BlobCreated","data":{}}`, status: 400, answer: "eTag"},
		{name: "data that is no object", body: `{"subject":"/blobServices/default/containers/images/blobs/x","type":"Microsoft.Storage.BlobCreated","data":7}`, status: 400},
		{name: "no JSON", body: "hello", status: 400},
		{name: "a number", body: "7", status: 400},
		{name: "nothing", body: "", status: 400},
		{name: "nulls", body: "[null,null]", status: 200},
		{name: "too much", body: "[" + strings.Repeat(" ", 1<<20) + "]", status: 413},
		{name: "deep", body: strings.Repeat("[", 500_000), status: 400},
	} {
		var got []string
		h := route.Events(route.Keys{Master: "m-key", Events: []string{"e-key"}}, func(_ context.Context, function string, info blob.Info) error {
			got = append(got, fmt.Sprintf("%s %s %s %d %s %s", function, info.Name, info.ETag, info.Size, info.ContentType, info.Modified.Format("15:04:05")))
			return row.fails
		})
		if row.method == "" {
			row.method = "POST"
		}
		if row.path == "" {
			row.path = path
		}
		r := httptest.NewRequestWithContext(t.Context(), row.method, row.path, strings.NewReader(row.body))
		for i := 0; i+1 < len(row.headers); i += 2 {
			r.Header.Set(row.headers[i], row.headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.answer) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s, want %d %s", row.name, w.Code, w.Body, row.status, row.answer)
		}
		if fmt.Sprint(got) != fmt.Sprint(row.want) {
			t.Errorf("%s: offered %q, want %q", row.name, got, row.want)
		}
		if w.Code == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", row.name)
		}
		if row.name == "CloudEvents' handshake" && (w.Header().Get("WebHook-Allowed-Origin") != "eventgrid.azure.net" || w.Header().Get("WebHook-Allowed-Rate") != "*") {
			t.Errorf("%s: header %v", row.name, w.Header())
		}
	}
}

func FuzzBlobEvents(f *testing.F) {
	for _, seed := range []string{createdEvent, cloudEvent, validating, "[" + noBlob + "]", "[null]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := route.Events(route.Keys{}, func(_ context.Context, _ string, info blob.Info) error {
			if err := info.Name.Check(); err != nil || !strings.HasSuffix(info.ETag, `"`) {
				t.Errorf("offered %+v: %v", info, err)
			}
			return nil
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", route.EventsPath+"?functionName=f", strings.NewReader(body)))
		if w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Errorf("%d for %q", w.Code, body)
		}
	})
}
