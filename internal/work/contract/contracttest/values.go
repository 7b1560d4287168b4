package contracttest

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// every is all 256 bytes.
func every() string {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	return string(all[:])
}

func values(t *testing.T, c Case) {
	w := c.start(t)
	n := 0
	check := func(why, want string, v contract.Value, suffix string) {
		n++
		seen := read(t, w, c.invocation("read"+suffix, fmt.Sprint("read-", n), v))
		if seen.Size != int64(len(want)) || seen.Digest != digest(strings.NewReader(want)) {
			t.Errorf("%s: the function saw %d bytes with digest %.8s, want %d with %.8s", why, seen.Size, seen.Digest, len(want), digest(strings.NewReader(want)))
		}
		if got := call(t, w, c.invocation("echo"+suffix, fmt.Sprint("echo-", n), v)); got != want {
			t.Errorf("%s: %d bytes came back as %d: %.60q as %.60q", why, len(want), len(got), want, got)
		}
	}
	for _, row := range []struct{ why, text string }{
		{"nothing", ""},
		{"a word", "hello"},
		{"letters of all lands", "ü漢字🙂\u2028\ufffd"},
		{"control characters", "\x00\x01\x1f\x7f\"\\/\b\f\n\r\t"},
		{"what could be base64", "abcd"},
		{"what could be JSON", ` {"a": "b"} `},
		{"what could be a tag", "<script>&amp;"},
		{"64 KiB, with a letter over every edge", strings.Repeat("a🙂é", 64<<10/7)},
		{"2 MiB", strings.Repeat("0123456789abcdef", 2<<20/16)},
	} {
		from := func() io.Reader { return strings.NewReader(row.text) }
		check(row.why+", as text", row.text, text(row.text), "")
		check(row.why+", as a stream", row.text, large(true, int64(len(row.text)), from), "")
		check(row.why+", as a stream of unknown size", row.text, large(true, -1, from), "")
	}
	for _, row := range []struct{ why, bytes string }{
		{"nothing", ""},
		{"one byte", "\x00"},
		{"every byte", every()},
		{"two of three", "\xff\xfe"},
		{"64 KiB", strings.Repeat(every(), 256)},
		{"2 MiB and one", strings.Repeat(every(), 2<<12) + "x"},
	} {
		from := func() io.Reader { return strings.NewReader(row.bytes) }
		check(row.why+", as bytes", row.bytes, held(row.bytes), "bytes")
		check(row.why+", as a stream", row.bytes, large(false, int64(len(row.bytes)), from), "bytes")
		check(row.why+", as a stream of unknown size", row.bytes, large(false, -1, from), "bytes")
	}
	noJSON := c.lacks(t, NoJSON)
	for _, json := range []string{`{"a":[1,2.50,null,"ü"]}`, `[]`, `12`, `true`} {
		if noJSON {
			c.refused(t, w, c.invocation("echo", "JSON "+json, plain(json)))
			continue
		}
		check("JSON", json, plain(json), "")
	}
	if c.lacks(t, NoValue) {
		c.refused(t, w, c.invocation("echobytes", "no value", contract.Value{}))
		return
	}
	check("no value", "", contract.Value{}, "bytes")
}

func facts(t *testing.T, c Case) {
	w := c.start(t)
	inv := c.invocation("read", "3f0c7d2e-0000-4000-8000-000000000001", text("x"))
	inv.Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	inv.Retry = contract.Retry{Count: 2, Max: 5}
	inv.Metadata = []contract.Datum{
		{Name: "DequeueCount", Value: plain("3")},
		{Name: "Id", Value: text("m 1/é%\r\n\x01")},
		{Name: "InsertionTime", Value: plain(`"2026-11-21T08:00:00Z"`)},
	}
	want := Seen{
		Size: 1, Digest: digest(strings.NewReader("x")), ID: inv.ID, Trace: inv.Trace, Count: 2, Max: 5,
		Metadata: map[string]string{"dequeuecount": "3", "id": "m 1/é%\r\n\x01", "insertiontime": "2026-11-21T08:00:00Z"},
	}
	if c.OddNames {
		for _, name := range []string{"a b", `q"\`, "ü/:\n"} {
			inv.Metadata = append(inv.Metadata, contract.Datum{Name: name, Value: text("odd")})
			want.Metadata[name] = "odd"
		}
	}
	if c.lacks(t, NoFacts) {
		want.Metadata = nil
	}
	if c.lacks(t, NoRetry) {
		want.Count, want.Max = 0, 0
	}
	if diff := cmp.Diff(want, read(t, w, inv)); diff != "" {
		t.Errorf("what the function saw -want +got:\n%s", diff)
	}
	inv.ID, inv.Retry = "first", contract.Retry{}
	if seen := read(t, w, inv); seen.Count != 0 || seen.Max != 0 {
		t.Errorf("without a policy the function saw try %d of %d", seen.Count, seen.Max)
	}
}

func requests(t *testing.T, c Case) {
	if !c.HTTP {
		t.Skip("the contract has no HTTP")
	}
	w := c.start(t)
	for name, body := range map[string]contract.Value{
		"nothing": {}, "text": text("hello ü"), "every byte": held(every()),
		"a stream": large(false, 3, func() io.Reader { return strings.NewReader("abc") }),
	} {
		request := &contract.Request{
			Method: "PUT", URL: "http://app.example/api/hello/a%2Fb?q=1", Query: map[string][]string{"q": {"1"}},
			Header: map[string][]string{"X-One": {"1"}, "Content-Type": {"application/octet-stream"}}, Body: body,
		}
		got, end, err := w.Invoke(patient(t), c.invocation("hello", name, contract.Value{Kind: contract.HTTPIn, Request: request}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := got.Response
		if r == nil || r.Status != 201 || len(r.Header["X-Answer"]) != 1 || r.Header["X-Answer"][0] != "PUT /api/hello/a%2Fb?q=1 1" {
			t.Fatalf("%s: the response is %+v, want 201 that tells method, path, query and header", name, r)
		}
		back, err := result{r.Body}.Open(t.Context(), "body")
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(back)
		want := body.Text + string(body.Bytes)
		if body.Kind == contract.Large {
			want = "abc"
		}
		if err != nil || string(all) != want {
			t.Errorf("%s: the body came back as %.60q, %v; want %.60q", name, all, err, want)
		}
		end()
	}
}

func lines(t *testing.T, c Case) {
	if !c.Logs {
		t.Skip("the contract has no lines")
	}
	var mu sync.Mutex
	var got []string
	w := c.Start(t, func(l contract.Line) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, l.Invocation+": "+l.Text)
	})
	call(t, w, c.invocation("log", "i-1", text("x")))
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"i-1: first of i-1", "i-1: second of i-1"}, got); diff != "" {
		t.Errorf("lines when Invoke returns -want +got:\n%s", diff)
	}
}
