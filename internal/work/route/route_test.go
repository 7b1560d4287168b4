package route_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/route"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// function is an HTTP function; its level is anonymous unless one is given.
func function(name, path, level string, methods ...string) funcapp.Function {
	if level == "" {
		level = "anonymous"
	}
	return funcapp.Function{Name: name, Trigger: funcapp.Binding{Type: funcapp.HTTPTrigger, Name: "req", Route: path, AuthLevel: level, Methods: methods}}
}

// app is a table under test, and what its functions were called with.
type app struct {
	*httptest.Server
	mu     sync.Mutex
	called string
	last   *contract.Request
	body   string
	ended  int
	answer func(r *contract.Request) (*contract.Response, error)
}

func serve(t *testing.T, cfg route.Config) *app {
	t.Helper()
	a := &app{answer: func(*contract.Request) (*contract.Response, error) { return &contract.Response{Status: 204}, nil }}
	cfg.Spool = t.TempDir()
	table, err := route.New(cfg, func(ctx context.Context, function string, r *contract.Request) (*contract.Response, func(), error) {
		body, _, err := r.Body.Open(ctx, "req")
		if err != nil {
			t.Error(err)
		}
		all, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		a.mu.Lock()
		a.called, a.last, a.body = function, r, string(all)
		answer := a.answer
		a.mu.Unlock()
		response, err := answer(r)
		return response, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.ended++
		}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(table)
	t.Cleanup(a.Close)
	return a
}

// ask sends a request; headers are name, value, name, value.
func (a *app) ask(t *testing.T, method, path string, body io.Reader, headers ...string) (status int, text string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(all), answer.Header
}

func TestTheMostLiteralRouteThatHasTheMethodIsCalled(t *testing.T) {
	a := serve(t, route.Config{
		Functions: []funcapp.Function{
			function("all", "{*rest}", "", "DELETE"),
			function("one", "orders/{id:int}", "", "GET"),
			function("named", "orders/{name}", ""),
			function("new", "orders", "", "POST", "PUT"),
			function("latest", "orders/latest", "", "GET"),
			{Name: "queue", Trigger: funcapp.Binding{Type: funcapp.QueueTrigger}},
			func() funcapp.Function { f := function("off", "off", ""); f.Disabled = true; return f }(),
		},
		HTTP: funcapp.HTTPSettings{RoutePrefix: "api"},
	})
	for _, row := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/api/orders/latest", 204, "latest map[]"},
		{"GET", "/API/Orders/Latest/", 204, "latest map[]"},
		{"GET", "/api/orders/7", 204, "one map[id:7]"},
		{"POST", "/api/orders/7", 204, "named map[name:7]"},
		{"GET", "/api/orders/a%2Fb?x=1", 204, "named map[name:a/b]"},
		{"PUT", "/api/orders", 204, "new map[]"},
		{"DELETE", "/api/orders", 204, "all map[rest:orders]"},
		{"DELETE", "/api", 204, "all map[]"},
		{"GET", "/api/orders", 405, "DELETE, POST, PUT"},
		{"GET", "/orders", 404, ""},
		{"GET", "/apiorders", 404, ""},
		{"GET", "/", 404, ""},
	} {
		a.called = ""
		status, _, header := a.ask(t, row.method, row.path, nil)
		got := header.Get("Allow")
		if a.called != "" {
			got = fmt.Sprint(a.called, " ", a.last.Params)
		}
		if status != row.status || got != row.want {
			t.Errorf("%s %s: %d %s, want %d %s", row.method, row.path, status, got, row.status, row.want)
		}
	}
}

func TestAnAppWithoutAPrefixServesItsRoot(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("all", "{*path}", "")}})
	for path, want := range map[string]string{"/": "map[]", "/a/b": "map[path:a/b]"} {
		if status, _, _ := a.ask(t, "GET", path, nil); status != 204 || fmt.Sprint(a.last.Params) != want {
			t.Errorf("%s: %d %v, want %s", path, status, a.last.Params, want)
		}
	}
}

func TestMistakesInRoutesAreToldTogether(t *testing.T) {
	_, err := route.New(route.Config{Functions: []funcapp.Function{
		function("a", "x/{id}", ""), function("b", "X/{other}", "", "GET"), function("c", "{n:integer}", ""), function("d", "{", ""),
	}}, nil)
	if err == nil {
		t.Fatal("New = nil")
	}
	for _, part := range []string{"functions a and b have the same route for GET", "function c", `"integer"`, "function d", "not closed"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("New = %v\nwant it to say %q", err, part)
		}
	}
}

func TestARequestArrivesAsItWasSent(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f/{id}", "")}})
	status, _, _ := a.ask(t, "POST", "/f/1%202?a=1&a=2&b=%26", strings.NewReader(`{"x":"ü"}`),
		"Content-Type", "application/json", "X-Own", "mine", "Connection", "X-Gone", "X-Gone", "1", "Te", "trailers", "X-Forwarded-Proto", "https")
	got := a.last
	host := strings.TrimPrefix(a.URL, "http://")
	header := maps.Clone(got.Header)
	for _, name := range []string{"Accept-Encoding", "User-Agent"} {
		delete(header, name)
	}
	if diff := cmp.Diff(map[string][]string{"Host": {host}, "Content-Type": {"application/json"}, "Content-Length": {"10"}, "X-Own": {"mine"}, "X-Forwarded-Proto": {"https"}}, header); diff != "" {
		t.Errorf("header (-want +got)\n%s", diff)
	}
	if status != 204 || got.Method != "POST" || got.URL != "https://"+host+"/f/1%202?a=1&a=2&b=%26" || got.Params["id"] != "1 2" {
		t.Errorf("%d, request %+v", status, got)
	}
	if diff := cmp.Diff(map[string][]string{"a": {"1", "2"}, "b": {"&"}}, got.Query); diff != "" {
		t.Errorf("query (-want +got)\n%s", diff)
	}
	if got.Body.Kind != contract.Text || got.Body.Text != `{"x":"ü"}` {
		t.Errorf("body %+v", got.Body)
	}
	if a.ended != 1 {
		t.Errorf("end was called %d times", a.ended)
	}
	if status, text, _ := a.ask(t, "GET", "/f/1?%zz", nil); status != 400 || strings.Contains(text, "zz") {
		t.Errorf("a broken query: %d %s", status, text)
	}
}

func TestABodyIsTextOrBytesHeldOrStreamed(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}, MaxBody: 3 << 20})
	many := strings.Repeat("ü", 1<<20) // two bytes each: pieces end within a character
	for _, row := range []struct {
		name, kind, body string
		chunked          bool
		want             contract.Kind
		text             bool
		status           int
	}{
		{"none", "", "", false, contract.None, false, 204},
		{"none in chunks", "", "", true, contract.None, false, 204},
		{"text", "text/plain", "hello", false, contract.Text, false, 204},
		{"text of no type", "", "hello", true, contract.Text, false, 204},
		{"bytes by their type", "application/octet-stream", "hello", false, contract.Bytes, false, 204},
		{"a form with files", "Multipart/form-data; boundary=x", "hello", false, contract.Bytes, false, 204},
		{"what is no UTF-8", "text/plain", "h\xffllo", false, contract.Bytes, false, 204},
		{"what ends within a character", "", "h\xc3", false, contract.Bytes, false, 204},
		{"large text", "", many, false, contract.Large, true, 204},
		{"large text that ends within a character", "", many + "\xc3", false, contract.Large, false, 204},
		{"large bytes", "application/octet-stream", many, true, contract.Large, false, 204},
		{"exactly the limit", "", strings.Repeat("a", 3<<20), true, contract.Large, true, 204},
		{"too large by its length", "", strings.Repeat("a", 3<<20+1), false, 0, false, 413},
		{"too large in chunks", "", strings.Repeat("a", 3<<20+1), true, 0, false, 413},
	} {
		var body io.Reader = strings.NewReader(row.body)
		if row.chunked {
			body = io.MultiReader(body)
		}
		a.called = ""
		status, _, _ := a.ask(t, "POST", "/f", body, "Content-Type", row.kind)
		if status != row.status || (a.called != "") != (status == 204) {
			t.Errorf("%s: %d, called %q; want %d", row.name, status, a.called, row.status)
			continue
		}
		if status != 204 {
			continue
		}
		got := a.last.Body
		if got.Kind != row.want || a.body != row.body {
			t.Errorf("%s: kind %d with %d bytes, want %d with %d", row.name, got.Kind, len(a.body), row.want, len(row.body))
		}
		if got.Kind == contract.Large && (got.Stream.Text != row.text || got.Stream.Size != int64(len(row.body)) || got.Stream.ContentType != row.kind) {
			t.Errorf("%s: stream %+v", row.name, got.Stream)
		}
	}
}

// unread is a body that nobody is to read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestABodyThatSaysThatItIsTooLargeIsNotRead(t *testing.T) {
	table, err := route.New(route.Config{Functions: []funcapp.Function{function("f", "f", "")}, MaxBody: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest("POST", "/f", unread{t}), httptest.NewRecorder()
	r.ContentLength = 11
	if table.ServeHTTP(w, r); w.Code != 413 {
		t.Errorf("status %d, want 413", w.Code)
	}
}

func TestAKeyOpensTheDoorAndGoesNoFurther(t *testing.T) {
	functions := []funcapp.Function{function("open", "open", "anonymous"), function("f", "f", "function"), function("g", "g", "function"), function("boss", "boss", "admin")}
	keys := route.Keys{Master: "sesame-m", Host: []string{"sesame-h"}, Functions: map[string][]string{"f": {"sesame-f"}}}
	a := serve(t, route.Config{Functions: functions, Keys: keys})
	for _, row := range []struct {
		path, header, code string
		status             int
	}{
		{"open", "", "", 204},
		{"open", "wrong", "", 204},
		{"f", "", "", 401},
		{"f", "wrong", "", 401},
		{"f", "sesame-f", "", 204},
		{"f", "", "sesame-f", 204},
		{"f", "wrong", "sesame-f", 401}, // the header comes first
		{"f", "sesame-h", "", 204},
		{"f", "", "sesame-m", 204},
		{"g", "sesame-f", "", 401},
		{"g", "sesame-h", "", 204},
		{"boss", "sesame-h", "", 401},
		{"boss", "", "", 401},
		{"boss", "sesame-m", "", 204},
		{"open", "sesame-f", "sesame-h", 204},
		{"f", "sesame-f", "own&code=sesame-m", 204},
	} {
		query := "?own=1&code=" + row.code
		status, text, _ := a.ask(t, "GET", "/"+row.path+query, nil, "X-Functions-Key", row.header)
		if status != row.status {
			t.Errorf("%+v: %d", row, status)
		}
		if seen := text + fmt.Sprintf("%+v", *a.last); status == 204 && strings.Contains(seen, "sesame") || status != 204 && strings.Contains(text, "sesame") {
			t.Errorf("%+v: the key went on: %s", row, seen)
		}
	}
	// What is not a key of ours is the function's own.
	a.ask(t, "GET", "/open?code=oauth", nil)
	if got := a.last; got.Query["code"] == nil || !strings.Contains(got.URL, "code=oauth") {
		t.Errorf("a code that is no key did not arrive: %+v", got)
	}
	free := serve(t, route.Config{Functions: functions})
	if status, _, _ := free.ask(t, "GET", "/boss", nil); status != 204 {
		t.Errorf("without any key: %d, want 204", status)
	}
	halves := serve(t, route.Config{Functions: functions, Keys: route.Keys{Host: []string{"sesame-h"}}})
	if status, _, _ := halves.ask(t, "GET", "/boss", nil, "X-Functions-Key", ""); status != 401 {
		t.Errorf("admin without a master key: %d, want 401", status)
	}
}

func TestAnAnswerIsStreamedBack(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}})
	stream := func(text string, size int64, kind string) contract.Value {
		return contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: size, ContentType: kind, Open: func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}}}
	}
	for _, row := range []struct {
		name     string
		method   string
		response contract.Response
		status   int
		body     string
		kind     string
		length   string
	}{
		{"text", "GET", contract.Response{Body: contract.Value{Kind: contract.Text, Text: "hi"}}, 200, "hi", "text/plain; charset=utf-8", "2"},
		{"JSON", "GET", contract.Response{Status: 201, Body: contract.Value{Kind: contract.JSON, Text: "{}"}}, 201, "{}", "application/json; charset=utf-8", "2"},
		{"bytes", "GET", contract.Response{Body: contract.Value{Kind: contract.Bytes, Bytes: []byte{0, 1}}}, 200, "\x00\x01", "application/octet-stream", "2"},
		{"nothing", "GET", contract.Response{}, 200, "", "", "0"},
		{"204 with a body", "GET", contract.Response{Status: 204, Body: contract.Value{Kind: contract.Text, Text: "hi"}}, 204, "", "", ""},
		{"a stream", "GET", contract.Response{Body: stream("abc", 3, "image/png")}, 200, "abc", "image/png", "3"},
		{"a stream of no size", "GET", contract.Response{Body: stream("abc", -1, "")}, 200, "abc", "application/octet-stream", ""},
		{"its own type and length", "GET", contract.Response{Header: map[string][]string{"content-type": {"a/b"}, "Content-Length": {"77"}, "Connection": {"close"}, "Transfer-Encoding": {"chunked"}}, Body: contract.Value{Kind: contract.Text, Text: "hi"}}, 200, "hi", "a/b", "2"},
		{"HEAD", "HEAD", contract.Response{Body: contract.Value{Kind: contract.Text, Text: "hi"}}, 200, "", "text/plain; charset=utf-8", "2"},
		{"HEAD of what is elsewhere", "HEAD", contract.Response{Header: map[string][]string{"Content-Length": {"77"}}}, 200, "", "", "77"},
		{"a status that is none", "GET", contract.Response{Status: 99}, 500, "the function answered with a status that is none\n", "text/plain; charset=utf-8", "49"},
		{"a header with a line end", "GET", contract.Response{Header: map[string][]string{"X-A": {"b\r\nX-C: d"}}, Body: contract.Value{Kind: contract.Text, Text: "hi"}}, 200, "hi", "text/plain; charset=utf-8", "2"},
	} {
		a.answer = func(*contract.Request) (*contract.Response, error) { return &row.response, nil }
		status, body, header := a.ask(t, row.method, "/f", nil)
		if status != row.status || body != row.body || header.Get("Content-Type") != row.kind || header.Get("Content-Length") != row.length || header.Get("X-C") != "" {
			t.Errorf("%s: %d %q %v, want %d %q of type %q and length %q", row.name, status, body, header, row.status, row.body, row.kind, row.length)
		}
	}
}

func TestAnAnswerWithoutASizeIsSentAsItComes(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}})
	out, in := io.Pipe()
	a.answer = func(*contract.Request) (*contract.Response, error) {
		return &contract.Response{Body: contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: -1, Open: func(context.Context, int64) (io.ReadCloser, error) { return out, nil }}}}, nil
	}
	go func() { _, _ = io.WriteString(in, "data: 1\n\n") }()
	req, err := http.NewRequestWithContext(t.Context(), "GET", a.URL+"/f", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	first := make([]byte, 9)
	if _, err := io.ReadFull(answer.Body, first); err != nil || string(first) != "data: 1\n\n" {
		t.Errorf("the first piece: %q, %v", first, err)
	}
	_ = in.CloseWithError(errors.New("the worker died"))
	if rest, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("an answer that broke off ends like a whole one, after %q", rest)
	}
}

func TestAnAnswerThatIsShorterThanItsSizeBreaksOff(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}})
	a.answer = func(*contract.Request) (*contract.Response, error) {
		return &contract.Response{Body: contract.Value{Kind: contract.Large, Stream: &contract.Stream{Size: 10, Open: func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("half")), nil
		}}}}, nil
	}
	answer, err := http.Get(a.URL + "/f")
	if err != nil {
		return // it broke off before its head was sent
	}
	defer answer.Body.Close()
	if all, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("read %q without an error", all)
	}
}

func TestWhatGoesWrongIsToldByItsKindAlone(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}})
	for _, row := range []struct {
		err    error
		status int
		retry  string
	}{
		{&contract.Failed{Type: "ValueError", Message: "secret", Stack: "secret"}, 500, ""},
		{&contract.Gone{Err: errors.New("secret")}, 502, ""},
		{&room.TooBig{Function: "secret", Payload: 100, Factor: 8, Cost: 900}, 413, ""},
		{&room.TooBig{Function: "secret", Payload: 1, Factor: 8, Cost: 900}, 507, ""},
		{fmt.Errorf("secret: %w", &work.Unavailable{After: 2500 * time.Millisecond, Err: errors.New("secret")}), 503, "3"},
		{admit.ErrClosed, 503, "1"},
		{fmt.Errorf("secret: %w", context.DeadlineExceeded), 504, ""},
		{new(spool.Error), 507, ""},
		{errors.New("secret"), 500, ""},
	} {
		a.answer = func(*contract.Request) (*contract.Response, error) { return nil, row.err }
		status, body, header := a.ask(t, "GET", "/f", nil)
		if status != row.status || header.Get("Retry-After") != row.retry || body == "" || strings.Contains(body, "secret") {
			t.Errorf("%T: %d %q, Retry-After %q; want %d and %q", row.err, status, body, header.Get("Retry-After"), row.status, row.retry)
		}
	}
	if a.ended != 0 {
		t.Errorf("end was called %d times without a response", a.ended)
	}
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	a := serve(t, route.Config{Functions: []funcapp.Function{function("f", "f", "")}, HTTP: funcapp.HTTPSettings{MaxConcurrent: 1, MaxOutstanding: 2}})
	begun, finish := make(chan struct{}, 10), make(chan struct{})
	a.answer = func(*contract.Request) (*contract.Response, error) {
		begun <- struct{}{}
		<-finish
		return &contract.Response{}, nil
	}
	// Whichever two are in, one of them waits: every other is refused.
	statuses := make(chan int, 10)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			answer, err := http.Get(a.URL + "/f")
			if err != nil {
				t.Error(err)
				return
			}
			_ = answer.Body.Close()
			statuses <- answer.StatusCode
		})
	}
	for range 4 {
		if s := <-statuses; s != 429 {
			t.Errorf("status %d while two are there, want 429", s)
		}
	}
	<-begun
	if len(begun) > 0 {
		t.Error("two run at once")
	}
	close(finish)
	all.Wait()
	for range 2 {
		if s := <-statuses; s != 200 {
			t.Errorf("status %d of one that was let in, want 200", s)
		}
	}
}

func TestARequestWhoseContextEndsIsNotAnsweredAsIfAllWereWell(t *testing.T) {
	for name, cfg := range map[string]funcapp.HTTPSettings{"in a function": {}, "while it waits": {MaxConcurrent: 1}} {
		ctx, cancel := context.WithCancel(t.Context())
		inside, release := make(chan struct{}), make(chan struct{})
		table, err := route.New(route.Config{Functions: []funcapp.Function{function("f", "f", "")}, HTTP: cfg}, func(ctx context.Context, _ string, r *contract.Request) (*contract.Response, func(), error) {
			close(inside)
			if r.Method == "PUT" { // it holds the only seat
				<-release
				return &contract.Response{}, func() {}, nil
			}
			<-ctx.Done()
			return nil, nil, context.Cause(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		var holder sync.WaitGroup
		if cfg.MaxConcurrent > 0 {
			holder.Go(func() { table.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/f", nil)) })
			<-inside
			cancel()
		} else {
			holder.Go(func() { <-inside; cancel() })
		}
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("%s: it ended with %v, want http.ErrAbortHandler", name, got)
				}
			}()
			table.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/f", nil))
		}()
		close(release)
		holder.Wait()
	}
}

func TestALargeBodyIsLetGoWhenItsRequestIsAnswered(t *testing.T) {
	dir := t.TempDir()
	spooled := func() (count int) {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range open {
			if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, dir) {
				count++
			}
		}
		return count
	}
	table, err := route.New(route.Config{Functions: []funcapp.Function{function("f", "f", "")}, Spool: dir}, func(context.Context, string, *contract.Request) (*contract.Response, func(), error) {
		if got := spooled(); got != 1 {
			t.Errorf("%d files while the function runs, want 1", got)
		}
		return &contract.Response{}, func() {}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	table.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/f", strings.NewReader(strings.Repeat("a", 2<<20))))
	if got := spooled(); got != 0 {
		t.Errorf("%d files after the answer, want none", got)
	}
}
