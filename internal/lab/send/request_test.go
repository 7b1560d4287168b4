package send_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/send"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// raw is a server that answers the n-th request of each connection with what say gives,
// and closes the connection after an empty text.
func raw(t *testing.T, say func(conn, n int64) string) (base string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int64)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			conn := connections.Add(1)
			open.Go(func() {
				defer nc.Close()
				in := bufio.NewReader(nc)
				for n := int64(1); ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					answer := say(conn, n)
					if _, err := io.WriteString(nc, answer); err != nil || answer == "" {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	return "http://" + l.Addr().String(), connections
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// inTurn sends arrivals that do not overlap: each is due when the one before was told,
// and what is to happen between them has happened.
func inTurn(t *testing.T, base string, between func(), like ...timeline.Arrival) *told {
	t.Helper()
	var got told
	each := make(chan struct{}, len(like))
	s := send.New(send.Config{Base: fixed(base), Tell: func(s lab.Sent) {
		got.tell(s)
		each <- struct{}{}
	}})
	arrivals := func(yield func(timeline.Arrival) bool) {
		for i, a := range like {
			a.Number, a.Timeout = int64(i)+1, 10*time.Second
			if !yield(a) {
				return
			}
			<-each
			between()
		}
	}
	if err := s.Run(t.Context(), time.Now(), arrivals); err != nil {
		t.Fatalf("Run = %v", err)
	}
	return &got
}

func nothing() {}

func TestEveryFramingOfAnAnswerIsReadToItsEnd(t *testing.T) {
	get, put := timeline.Arrival{Method: "GET", Path: "/"}, timeline.Arrival{Method: "PUT", Path: "/", Size: 100}
	for _, test := range []struct {
		why, answer string
		status      int
		lost        string
		connections int64 // of three requests
	}{
		{"a length", ok, 200, "", 1},
		{"chunks and a trailer", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", 201, "", 1},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", 1},
		{"hints before it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok, 200, "", 1},
		{"a connection that the server does not keep", "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 503, "", 3},
		{"more than an answer", ok + "HTTP/1.1 200 OK\r\n", 200, "", 3},
		{"another protocol", "SSH-2.0-OpenSSH\r\n\r\n", 0, "connection error", 3},
	} {
		base, connections := raw(t, func(int64, int64) string { return test.answer })
		got := inTurn(t, base, nothing, get, put, get)
		for _, a := range got.all {
			if a.Status != test.status || a.Lost != test.lost {
				t.Errorf("%s: told %+v, want status %d and lost %q", test.why, a, test.status, test.lost)
			}
		}
		if n := connections.Load(); n != test.connections {
			t.Errorf("%s: three requests came over %d connections, want %d", test.why, n, test.connections)
		}
	}
}

// A server may close a kept connection at any time. That is nobody's failure.
func TestARequestOnAConnectionThatWasClosedMeanwhileIsNotLost(t *testing.T) {
	get, post := timeline.Arrival{Method: "GET", Path: "/"}, timeline.Arrival{Method: "POST", Path: "/", Size: 100}
	base, _ := raw(t, func(conn, n int64) string {
		if conn == 1 && n == 2 {
			return "" // it hangs up on the second request, which it has read
		}
		return ok
	})
	if diff := cmp.Diff(map[string]int{"": 2}, inTurn(t, base, nothing, get, get).lost()); diff != "" {
		t.Errorf("a GET on a connection that ends differs (-want +got):\n%s", diff)
	}
	base, _ = raw(t, func(conn, n int64) string {
		if conn == 1 && n == 2 {
			return ""
		}
		return ok
	})
	if diff := cmp.Diff(map[string]int{"": 1, "connection reset": 1}, inTurn(t, base, nothing, get, post).lost()); diff != "" {
		t.Errorf("a POST that the worker may have seen is not sent twice (-want +got):\n%s", diff)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(nc))
			if err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(nc, ok) // and nothing says that it is the last
			}
			_ = nc.Close()
			closed <- struct{}{}
		}
	})
	got := inTurn(t, "http://"+l.Addr().String(), func() { <-closed }, post, post, post)
	_ = l.Close()
	serving.Wait()
	if diff := cmp.Diff(map[string]int{"": 3}, got.lost()); diff != "" {
		t.Errorf("POSTs after each of which the connection is closed differ (-want +got):\n%s", diff)
	}
}

func TestAnAnswerThatComesBeforeTheBodyIsReadCounts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}))
	defer server.Close()
	got := inTurn(t, server.URL, nothing, timeline.Arrival{Method: "POST", Path: "/", Size: 64 << 20}, timeline.Arrival{Method: "GET", Path: "/"})
	for _, a := range got.all {
		if a.Status != http.StatusRequestEntityTooLarge || a.Lost != "" {
			t.Errorf("told %+v, want its 413", a)
		}
	}
}

// It would hold the client until its patience ends.
func TestAServerThatAnswersAndReadsNoFurtherIsLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			_, _ = io.WriteString(nc, ok)
			<-told
		}
	})
	got := inTurn(t, "http://"+l.Addr().String(), nothing, timeline.Arrival{Method: "POST", Path: "/", Size: 64 << 20})
	close(told)
	_ = l.Close()
	serving.Wait()
	if a := got.all[0]; a.Status != 200 || a.Lost != "" || a.Done > 9 {
		t.Errorf("told %+v, want the answer well before the 10 s of its timeout", a)
	}
}

func TestALargeBodyArrivesWhole(t *testing.T) {
	const size = 40<<20 + 7
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n != size || err != nil || r.ContentLength != size {
			http.Error(w, fmt.Sprint(n, err), http.StatusBadRequest)
		}
	}))
	defer server.Close()
	got := inTurn(t, server.URL, nothing, timeline.Arrival{Method: "PUT", Path: "/", Size: size}, timeline.Arrival{Method: "PUT", Path: "/", Size: size})
	if diff := cmp.Diff(map[string]int{"": 2}, got.lost()); diff != "" || got.all[0].Status+got.all[1].Status != 400 {
		t.Errorf("two bodies of %d: told %+v", size, got.all)
	}
}

func TestTheSubjectMayMoveBetweenRequests(t *testing.T) {
	first, a := raw(t, func(int64, int64) string { return ok })
	second, b := raw(t, func(int64, int64) string { return strings.Replace(ok, "200 OK", "202 Accepted", 1) })
	var asked atomic.Int64
	var got told
	s := send.New(send.Config{Tell: got.tell, Base: func() string {
		if asked.Add(1) <= 20 {
			return first
		}
		return second + "/"
	}})
	if err := s.Run(t.Context(), time.Now(), web(40, time.Millisecond, get(10*time.Second))); err != nil {
		t.Fatalf("Run = %v", err)
	}
	statuses := map[int]int{}
	for _, a := range got.all {
		statuses[a.Status]++
	}
	if diff := cmp.Diff(map[int]int{200: 20, 202: 20}, statuses); diff != "" || a.Load() == 0 || b.Load() == 0 {
		t.Errorf("answers differ (-want +got):\n%s", diff)
	}
}
