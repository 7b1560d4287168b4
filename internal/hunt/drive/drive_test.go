package drive_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

func driver(t testing.TB, base string, cfg drive.Config) *drive.Driver {
	t.Helper()
	d, err := drive.New(base, cfg)
	if err != nil {
		t.Fatalf("New(%q): %v", base, err)
	}
	return d
}

func shot(t testing.TB, d *drive.Driver, q drive.Request) *drive.Shot {
	t.Helper()
	s, err := d.Shot(q)
	if err != nil {
		t.Fatalf("Shot(%+v): %v", q, err)
	}
	return s
}

// requests is what a server was asked, in any order.
type requests struct {
	mu  sync.Mutex
	all []string
}

func (r *requests) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.TrimSpace(fmt.Sprintf("%s %s %s", q.Method, q.RequestURI, body)))
}

func (r *requests) sorted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.all)
	return slices.Clone(r.all)
}

func TestTheSameSeedSendsTheSameRequestsHoweverManyClientsThereAre(t *testing.T) {
	ask := func(seed, number uint64, clients int) []string {
		var got requests
		server := httptest.NewServer(&got)
		defer server.Close()
		d := driver(t, server.URL, drive.Config{
			Seed: seed, Clients: clients,
			Keys: map[string]drive.Values{"color": {List: []string{"red", "light blue"}}, "any": {}},
		})
		s := shot(t, d, drive.Request{Method: "POST", Path: "/orders/{id}?c={color}", Body: `{"again": {id}, "x": "{any}"}`})
		o := d.Block(t.Context(), drive.Block{Shot: s, Requests: 200, Number: number})
		if o.Requests != 200 || o.Failed != 0 {
			t.Fatalf("Block: %d requests, %d failed (%s), want 200 and 0", o.Requests, o.Failed, o.Failures())
		}
		return got.sorted()
	}
	first := ask(1, 3, 1)
	if diff := cmp.Diff(first, ask(1, 3, 7)); diff != "" {
		t.Errorf("seed 1 with 1 client and with 7: -1 +7\n%s", diff)
	}
	if cmp.Equal(first, ask(2, 3, 1)) {
		t.Error("seeds 1 and 2 send the same requests")
	}
	if cmp.Equal(first, ask(1, 4, 1)) {
		t.Error("blocks 3 and 4 send the same requests")
	}
	ids := map[string]bool{}
	for _, line := range first {
		var id, again int
		var color, word string
		if _, err := fmt.Sscanf(strings.NewReplacer("?c=", " ", `{"again": `, "", `, "x": "`, " ", `"}`, "").Replace(line), "POST /orders/%d %s %d %s", &id, &color, &again, &word); err != nil {
			t.Fatalf("the server was asked %q: %v", line, err)
		}
		if id != again {
			t.Errorf("%q: {id} is %d in the path and %d in the body, want the same", line, id, again)
		}
		if id < 1 || id > 1000 {
			t.Errorf("%q: {id} is %d, want 1 to 1000", line, id)
		}
		if color != "red" && color != "light%20blue" {
			t.Errorf("%q: {color} is %q, want red or light%%20blue", line, color)
		}
		ids[word] = true
	}
	if len(ids) != 200 {
		t.Errorf("{any} had %d values in 200 requests, want 200: it is unique", len(ids))
	}
}

func TestWhatCameBackIsCountedByStatusAndReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("n") {
		case "2":
			w.WriteHeader(http.StatusNotFound)
		case "3":
			w.WriteHeader(http.StatusInternalServerError)
		case "4":
			panic(http.ErrAbortHandler) // the connection is cut
		}
	}))
	defer server.Close()
	d := driver(t, server.URL, drive.Config{Keys: map[string]drive.Values{"n": {List: []string{"1", "2", "3", "4"}}}})
	s := shot(t, d, drive.Request{Method: "GET", Path: "/?n={n}"})
	o := d.Block(t.Context(), drive.Block{Shot: s, Requests: 400})
	ok, lost := o.Status[200], o.Lost["connection closed"]
	if o.Requests != 400 || o.Failed != 400-ok || ok == 0 || lost == 0 || o.Status[404] == 0 || o.Status[500] == 0 ||
		ok+lost+o.Status[404]+o.Status[500] != 400 || o.Answered() != 400-lost {
		t.Errorf("Block: %+v, want 400 requests of four outcomes, all but those of 200 failed", o)
	}
	for _, want := range []string{"× 404", "× 500", "× connection closed"} {
		if !strings.Contains(o.Failures(), want) {
			t.Errorf("Failures() = %q, want it to tell of %q", o.Failures(), want)
		}
	}
	if _, all := o.Main(); all {
		t.Error("Main() says that all answers had one status, want not")
	}
}

// answers serves these bytes to every request of a connection, then closes it.
func answers(t *testing.T, text string, times int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for range times {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					if _, err := io.WriteString(c, text); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return "http://" + l.Addr().String()
}

func TestEveryFramingOfAnAnswerIsReadToItsEnd(t *testing.T) {
	for _, test := range []struct {
		name, text string
		times      int // answers on a connection
		status     int // 0: none
		lost       string
	}{
		{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 1000, 200, ""},
		{"chunks with a trailer", "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n", 1000, 201, ""},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 1000, 204, ""},
		{"an early hint first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1000, 200, ""},
		{"until the connection ends", "HTTP/1.1 200 OK\r\n\r\nabc", 1, 200, ""},
		{"said to close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 1, 200, ""},
		{"closed without a word after each", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 1, 200, ""},
		{"lines without a carriage return", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 1000, 200, ""},
		{"less than promised", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", 1, 0, "connection closed"},
		{"no HTTP", "220 ready for mail, and for much more\r\n", 1, 0, "the answer is not HTTP"},
		{"a length of -1", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 1, 0, "the answer is not HTTP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := driver(t, answers(t, test.text, test.times), drive.Config{Clients: 2})
			o := d.Block(t.Context(), drive.Block{Shot: shot(t, d, drive.Request{Method: "GET", Path: "/"}), Requests: 20})
			if test.status != 0 && o.Status[test.status] != 20 {
				t.Errorf("Block: %+v, want 20 answers of %d", o, test.status)
			}
			if test.lost != "" && o.Lost[test.lost] == 0 {
				t.Errorf("Block: %+v, want it lost: %s", o, test.lost)
			}
		})
	}
}

func TestABlockEndsWhenNobodyIsThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for base, why := range map[string]string{
		"http://" + l.Addr().String():                     "connection refused",
		"unix://" + filepath.Join(t.TempDir(), "no.sock"): "no socket",
	} {
		d := driver(t, base, drive.Config{})
		began := time.Now()
		o := d.Block(t.Context(), drive.Block{Shot: shot(t, d, drive.Request{Method: "GET", Path: "/"}), Requests: 1e9})
		if o.Answered() != 0 || o.Lost[why] == 0 || time.Since(began) > 30*time.Second {
			t.Errorf("Block at %s: %+v after %v, want it lost for %s, and soon", base, o, time.Since(began), why)
		}
	}
}

func TestABlockEndsWithItsContextWhileAnAnswerIsAwaited(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	d := driver(t, server.URL, drive.Config{Timeout: time.Hour})
	o := d.Block(ctx, drive.Block{Shot: shot(t, d, drive.Request{Method: "GET", Path: "/"}), Requests: 100})
	if o.Requests != 0 {
		t.Errorf("Block: %+v, want nothing counted: it was we who went away", o)
	}
}

func TestAnAnswerThatDoesNotComeInTimeIsLost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	d := driver(t, server.URL, drive.Config{Timeout: 20 * time.Millisecond, Clients: 1})
	o := d.Block(t.Context(), drive.Block{Shot: shot(t, d, drive.Request{Method: "GET", Path: "/"}), Requests: 2})
	if o.Lost["timeout"] != 2 {
		t.Errorf("Block: %+v, want 2 lost by timeout", o)
	}
}

func TestARateIsKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	d := driver(t, server.URL, drive.Config{Rate: 200})
	o := d.Block(t.Context(), drive.Block{Shot: shot(t, d, drive.Request{Method: "GET", Path: "/"}), Requests: 41})
	if o.Requests != 41 || o.Took < 200*time.Millisecond {
		t.Errorf("Block of 41 requests at 200 a second: %d in %v, want them spread over 200ms", o.Requests, o.Took)
	}
}

func TestAPathOfTheBaseAndAHeaderGoWithEachRequest(t *testing.T) {
	var got requests
	headers := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- strings.Join(r.Header.Values("X-Tenant"), ",") + " " + r.Header.Get("X-One") + " " + r.Header.Get("Content-Type")
		got.ServeHTTP(w, r)
	}))
	defer server.Close()
	d := driver(t, server.URL+"/api/", drive.Config{Clients: 1, Header: []string{"X-Tenant: seven"}})
	// What an endpoint would send of the same name gives way.
	s := shot(t, d, drive.Request{Method: "PUT", Path: "/a", Header: []string{"X-One: 1", "x-tenant: eight"}, Body: "[1]"})
	d.Block(t.Context(), drive.Block{Shot: s, Requests: 1})
	if diff := cmp.Diff([]string{"PUT /api/a [1]"}, got.sorted()); diff != "" {
		t.Errorf("the server was asked: -want +got\n%s", diff)
	}
	if got, want := <-headers, "seven 1 application/json"; got != want {
		t.Errorf("the headers are %q, want %q", got, want)
	}
}

func TestWhatCannotBeSentIsRefusedWithAHint(t *testing.T) {
	for _, base := range []string{"", "localhost:80", "ftp://x/", "http://", "unix://relative", "http://user:hunter2@x/"} {
		if _, err := drive.New(base, drive.Config{}); err == nil || !strings.Contains(err.Error(), "\nhint: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%q): %v, want an error with a hint, and without a password", base, err)
		}
	}
	d := driver(t, "http://x", drive.Config{})
	for _, q := range []drive.Request{
		{Method: "GET", Path: "orders"},
		{Method: "GET", Path: "/a b"},
		{Method: "", Path: "/"},
		{Method: "GET /", Path: "/"},
		{Method: "GET", Path: "/", Header: []string{"no colon"}},
		{Method: "GET", Path: "/", Header: []string{"A: b\r\nC: d"}},
	} {
		if _, err := d.Shot(q); err == nil {
			t.Errorf("Shot(%+v): no error, want one", q)
		}
	}
}

func TestARequestAllocatesNothing(t *testing.T) {
	d := driver(t, silentServer(t), drive.Config{Clients: 2})
	s := shot(t, d, drive.Request{Method: "POST", Path: "/orders/{id}", Body: `{"id": {id}}`})
	d.Block(t.Context(), drive.Block{Shot: s, Requests: 1000})
	const n = 20000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o := d.Block(t.Context(), drive.Block{Shot: s, Requests: n})
	runtime.ReadMemStats(&after)
	if o.Status[200] != n {
		t.Fatalf("Block: %+v, want %d answers of 200", o, n)
	}
	if each := float64(after.Mallocs-before.Mallocs) / n; each > 0.1 {
		t.Errorf("a request allocates %.2f times, want none", each)
	}
}

// silentServer answers requests of one write each, without allocating itself.
func silentServer(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok")
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return "http://" + l.Addr().String()
}

func BenchmarkBlock(b *testing.B) {
	d := driver(b, silentServer(b), drive.Config{Clients: 4})
	s := shot(b, d, drive.Request{Method: "GET", Path: "/orders/{id}"})
	b.ReportAllocs()
	o := d.Block(b.Context(), drive.Block{Shot: s, Requests: int64(b.N)})
	if o.Failed > 0 {
		b.Fatalf("Block: %s", o.Failures())
	}
}
