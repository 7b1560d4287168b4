package customhandler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
)

// serve starts a handler and a client of it.
func serve(t *testing.T, h http.HandlerFunc, with func(*customhandler.Config)) *customhandler.Client {
	t.Helper()
	cfg := customhandler.Config{
		Dial:  contracttest.Local(t, h),
		Spool: t.TempDir(), Log: func(contract.Line) {},
	}
	if with != nil {
		with(&cfg)
	}
	c := customhandler.New(cfg)
	t.Cleanup(c.Close)
	return c
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, text)
	}
}

func stream(text bool, body string) contract.Value {
	return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: int64(len(body)), Text: text,
		Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(body[from:])), nil
		},
	}}
}

func text(s string) contract.Value { return contract.Value{Kind: contract.Text, Text: s} }
func raw(s string) contract.Value  { return contract.Value{Kind: contract.JSON, Text: s} }

func TestARequestIsWhatTheContractSays(t *testing.T) {
	inv := &contract.Invocation{
		ID: "3f0c7d2e-0000-4000-8000-000000000001", Function: "Resize", Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Inputs: []contract.Input{
			{Name: "msg", Value: text(`{"a":"ü\n"}`)},
			{Name: "bytes", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{0, 1, 255}}},
			{Name: "blob", Value: stream(false, "\x00\x01\x02\x03")},
			{Name: "page", Value: stream(true, "a\"b\\\n\t\x01é")},
			{Name: "none"},
			{Name: "req", Value: contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{
				Method: "POST", URL: "http://x/api/y?a=1&a=2", Header: map[string][]string{"A": {"1", "2"}}, Query: map[string][]string{"a": {"1", "2"}}, Params: map[string]string{"id": "7"}, Body: text("hi"),
			}}},
		},
		Metadata: []contract.Datum{{Name: "DequeueCount", Value: raw("1")}, {Name: "Id", Value: text("m1")}, {Name: "InsertionTime", Value: raw(`"2026-11-21T08:00:00Z"`)}, {Name: "sys", Value: raw(`{"MethodName":"Resize"}`)}},
	}
	const request = `{"Url":"http://x/api/y?a=1&a=2","Method":"POST","Query":{"a":"2"},"Headers":{"A":["1","2"]},"Params":{"id":"7"},"Identities":[],"Body":%s}`
	for _, row := range []struct {
		name   string
		compat bool
		want   string
	}{
		{"clean", false, `{"Data":{"msg":"{\"a\":\"ü\\n\"}","bytes":"AAH/","blob":"AAECAw==","page":"a\"b\\\n\t\u0001é","none":null,"req":` + fmt.Sprintf(request, `"hi"`) +
			`},"Metadata":{"DequeueCount":1,"Id":"m1","InsertionTime":"2026-11-21T08:00:00Z","sys":{"MethodName":"Resize"}}}`},
		{"as Azure's host", true, `{"Data":{"msg":"\"{\\\"a\\\":\\\"ü\\\\n\\\"}\"","bytes":"AAH/","blob":"AAECAw==","page":"a\"b\\\n\t\u0001é","none":null,"req":` + fmt.Sprintf(request, `"\"hi\""`) +
			`},"Metadata":{"DequeueCount":"1","Id":"\"m1\"","InsertionTime":"2026-11-21T08:00:00Z","sys":{"MethodName":"Resize"}}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got string
			var seen *http.Request
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				all, _ := io.ReadAll(r.Body)
				got, seen = string(all), r
				_, _ = io.WriteString(w, "{}")
			}, func(c *customhandler.Config) { c.Compat, c.HostName = row.compat, "4.0.0" })
			_, end, err := c.Invoke(t.Context(), inv)
			if err != nil {
				t.Fatal(err)
			}
			end()
			if got != row.want {
				t.Errorf("body\n got %s\nwant %s", got, row.want)
			}
			if !json.Valid([]byte(got)) || seen.ContentLength != int64(len(row.want)) || seen.URL.Path != "/Resize" || seen.Method != http.MethodPost {
				t.Errorf("%s %s with Content-Length %d, want POST /Resize with %d", seen.Method, seen.URL.Path, seen.ContentLength, len(row.want))
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json; charset=utf-8", "X-Azure-Functions-Invocationid": inv.ID,
				"X-Azure-Functions-Hostversion": "4.0.0", "User-Agent": "Azure-Functions-Host/4.0.0", "Traceparent": inv.Trace,
			} {
				if got := seen.Header.Get(name); got != want {
					t.Errorf("header %s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestAnAnswerIsReadAsTheContractSays(t *testing.T) {
	value := func(v contract.Value) *contract.Value { return &v }
	bin := func(b string) contract.Value { return contract.Value{Kind: contract.Bytes, Bytes: []byte(b)} }
	for _, row := range []struct {
		name, answer string
		compat       bool
		outputs      []contract.Output
		back         *contract.Value
		logs         []string
	}{
		{"nothing", `{}`, false, nil, nil, nil},
		{"nulls", `{"Outputs":null,"Logs":null,"ReturnValue":null}`, false, nil, nil, nil},
		{"outputs in their order", ` {"Outputs" : {"b":"x", "a":{"k":[1,2]}, "n": 12.50 } }`, false, []contract.Output{{Name: "b", Value: text("x")}, {Name: "a", Value: raw(`{"k":[1,2]}`)}, {Name: "n", Value: raw("12.50")}}, nil, nil},
		{"names in any case", `{"outputs":{"b":true},"RETURNVALUE":"r","logs":["l"],"other":[[{}]]}`, false, []contract.Output{{Name: "b", Value: raw("true")}}, value(text("r")), []string{"l"}},
		{"log lines that are no strings", `{"Logs":["a\nb",1,{"x":2}]}`, false, nil, nil, []string{"a\nb", "1", `{"x":2}`}},
		{"escapes", `{"ReturnValue":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude42\ud83d."}`, false, nil, value(text("\"\\/\b\f\n\r\té🙂\ufffd.")), nil},
		{"base64 is a string, cleanly", `{"ReturnValue":"abcd"}`, false, nil, value(text("abcd")), nil},
		{"and three bytes as Azure has it", `{"ReturnValue":"abcd"}`, true, nil, value(bin("i\xb7\x1d")), nil},
		{"what can't be base64 is a string to both", `{"ReturnValue":"abc"}`, true, nil, value(text("abc")), nil},
		{"a binding of no bytes", `{"Outputs":{"bin":""}}`, false, []contract.Output{{Name: "bin", Value: bin("")}}, nil, nil},
		{"a binding of bytes", `{"Outputs":{"bin":"AAH/"}}`, false, []contract.Output{{Name: "bin", Value: bin("\x00\x01\xff")}}, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var logs []string
			c := serve(t, answer(row.answer), func(c *customhandler.Config) {
				c.Compat = row.compat
				c.Log = func(l contract.Line) { logs = append(logs, l.Text) }
				c.Binary = func(_, output string) bool { return output == "bin" }
			})
			got, end, err := c.Invoke(t.Context(), &contract.Invocation{Function: "f"})
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			if diff := cmp.Diff(row.outputs, got.Outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.back, got.Return); diff != "" {
				t.Errorf("return value (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.logs, logs); diff != "" {
				t.Errorf("logs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesThatNobodyTakesAreDropped(t *testing.T) {
	client := serve(t, answer(`{"ReturnValue": 1, "Logs": ["nobody reads this"]}`), func(c *customhandler.Config) { c.Log = nil })
	result, end, err := client.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"})
	if err != nil {
		t.Fatalf("Invoke without Log: %v", err)
	}
	defer end()
	if result.Return == nil {
		t.Errorf("Invoke without Log: got %+v, want its return value", result)
	}
}

func TestWhatIsNoAnswerIsAFailureOfTheFunction(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "text": "ok", "an array": "[]", "cut": `{"Outputs":{"a":"b`, "more": `{} {}`, "no colon": `{"a" 1}`, "no comma": `{"a":1 "b":2}`,
		"a comma too many": `{"a":1,}`, "no value": `{"a":}`, "outputs that are none": `{"Outputs":[1]}`, "logs that are none": `{"Logs":{"a":1}}`,
		"not JSON inside": `{"Outputs":{"a":tru}}`, "bytes that are none": `{"Outputs":{"bin":"%%%"}}`, "deep": `{"x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`,
		"a name without end": `{"` + strings.Repeat("x", 10_000) + `":1}`, "a lone surrogate's half": `{"ReturnValue":"\ud8"}`,
	} {
		c := serve(t, answer(text), func(c *customhandler.Config) { c.Binary = func(_, output string) bool { return output == "bin" } })
		_, _, err := c.Invoke(t.Context(), &contract.Invocation{Function: "f"})
		if _, ok := errors.AsType[*contract.Failed](err); !ok {
			t.Errorf("%s: Invoke = %v, want *contract.Failed", name, err)
		}
	}
}

func TestAnyAnswerMeansThatItServes(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }, nil)
	if err := c.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v of a worker that answers 404", err)
	}
	refused := errors.New("nobody listens")
	c = serve(t, nil, func(c *customhandler.Config) {
		c.Dial = func(context.Context) (net.Conn, error) { return nil, refused }
	})
	if err := c.Ready(t.Context()); !errors.Is(err, refused) {
		t.Errorf("Ready = %v, want that nobody listens", err)
	}
}

func TestAStatusThatIsNoneOfSuccessIsAFailureWithItsBody(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such picture", 500) }, nil)
	_, _, err := c.Invoke(t.Context(), &contract.Invocation{Function: "f"})
	if f, ok := errors.AsType[*contract.Failed](err); !ok || !strings.Contains(f.Message, "500") || !strings.Contains(f.Message, "no such picture") {
		t.Errorf("Invoke = %v, want *contract.Failed with status and body", err)
	}
}

func TestAFunctionOfHTTPAloneIsForwardedTo(t *testing.T) {
	release := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s %s %s %s", r.Method, r.URL.RequestURI(), r.Host, r.Header.Get("X-Own"), body))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(w, "second")
	}, func(c *customhandler.Config) { c.Forward = func(f string) bool { return f == "f" } })
	req := &contract.Request{Method: "PUT", URL: "https://app.example/api/a%2Fb?x=1", Header: map[string][]string{"X-Own": {"mine"}, "Host": {"app.example"}, "Connection": {"close"}}, Body: text("hello")}
	result, end, err := c.Invoke(t.Context(), &contract.Invocation{Function: "f", Inputs: []contract.Input{{Name: "req", Value: contract.Value{Kind: contract.HTTPIn, Request: req}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	r := result.Response
	if r.Status != http.StatusTeapot || http.Header(r.Header).Get("X-Saw") != "PUT /api/a%2Fb?x=1 app.example mine hello" {
		t.Errorf("status %d, the worker saw %q", r.Status, r.Header["X-Saw"])
	}
	body, err := r.Body.Stream.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 6)
	if _, err := io.ReadFull(body, first); err != nil || string(first) != "first " {
		t.Errorf("%q came before the worker was done, %v", first, err)
	}
	close(release)
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "second" {
		t.Errorf("then %q, %v", rest, err)
	}
	if _, err := r.Body.Stream.Open(t.Context(), 0); err == nil {
		t.Error("the body was opened a second time")
	}
}

func TestAnHTTPOutputIsReadInItsForms(t *testing.T) {
	for _, row := range []struct {
		in     contract.Value
		status int
		header string
		body   contract.Value
		fails  bool
	}{
		{raw(`{"statusCode":201,"body":"made","headers":{"x-a":"1"}}`), 201, "1", text("made"), false},
		{raw(`{"status":"404","body":{"a":1},"headers":{"X-A":[1,2]}}`), 404, "1", raw(`{"a":1}`), false},
		{raw(`{"StatusCode":"204","body":null}`), 204, "", contract.Value{}, false},
		{text("plain"), 200, "", text("plain"), false},
		{raw(`{"a":1}`), 200, "", raw(`{"a":1}`), false},
		{raw(`[1]`), 200, "", raw(`[1]`), false},
		{raw(`{"statusCode":"many"}`), 0, "", contract.Value{}, true},
		{raw(`{"statusCode":7}`), 0, "", contract.Value{}, true},
		{raw(`{"headers":[]}`), 0, "", contract.Value{}, true},
	} {
		got, err := customhandler.Response(row.in)
		if row.fails {
			if err == nil {
				t.Errorf("Response(%s) = %+v, want an error", row.in.Text, got)
			}
			continue
		}
		if err != nil || got.Status != row.status || http.Header(got.Header).Get("X-A") != row.header || cmp.Diff(row.body, got.Body) != "" {
			t.Errorf("Response(%s) = %+v, %v; want %d, header %q, body %+v", row.in.Text, got, err, row.status, row.header, row.body)
		}
	}
}

// Whatever text a payload has, the worker's JSON reader finds it again; what is
// not UTF-8 is U+FFFD to both.
func FuzzATextPayloadSurvives(f *testing.F) {
	for _, s := range []string{"", "a\"b", "\x00\x1f\x7f", "é🙂", "\xff\xfe", "\xe2\x82", strings.Repeat("é", 20_000), "\ud7ff\ue000\ufffd"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, pieces int) {
		var got string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			var body struct{ Data struct{ B string } }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Errorf("the body is not JSON: %v", err)
			}
			got = body.Data.B
			_ = json.NewEncoder(w).Encode(map[string]string{"ReturnValue": got})
		}, nil)
		v := stream(true, s)
		v.Stream.Open = func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(&slow{s, max(1, pieces&15)}), nil
		}
		result, end, err := c.Invoke(t.Context(), &contract.Invocation{Function: "f", Inputs: []contract.Input{{Name: "b", Value: v}}})
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		want := string([]rune(s)) // each byte that begins nothing is U+FFFD
		if got != want {
			t.Errorf("%q came as %q", want, got)
		}
		back := result.Return.Text
		if result.Return.Kind == contract.Large {
			r, err := result.Return.Stream.Open(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(r)
			if err != nil || int64(len(all)) != result.Return.Stream.Size {
				t.Fatalf("read %d of %d bytes, %v", len(all), result.Return.Stream.Size, err)
			}
			back = string(all)
		}
		if back != want {
			t.Errorf("%q came back as %q", want, back)
		}
	})
}

// slow gives a few bytes at a time.
type slow struct {
	s string
	n int
}

func (r *slow) Read(p []byte) (int, error) {
	if r.s == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.n)], r.s)
	r.s = r.s[n:]
	return n, nil
}
