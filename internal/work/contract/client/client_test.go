package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/client"
)

// worker answers each request on a connection with the next of its texts, and
// closes the connection after the last one, or if it is told to before.
type worker struct {
	*client.Client
	dials  atomic.Int64
	mu     sync.Mutex
	asked  []string // bodies
	closed sync.WaitGroup
}

func begin(t *testing.T, answer func(connection, request int) (text string, more bool)) *worker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{}
	w.Client = client.New(func(ctx context.Context) (net.Conn, error) {
		w.dials.Add(1)
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
	w.closed.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.closed.Go(func() { w.serve(conn, n, answer) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		w.Close()
		w.closed.Wait()
	})
	return w
}

func (w *worker) serve(conn net.Conn, n int, answer func(connection, request int) (string, bool)) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for i := 0; ; i++ {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.asked = append(w.asked, string(body))
		w.mu.Unlock()
		text, more := answer(n, i)
		if _, err := io.WriteString(conn, text); err != nil || !more {
			return
		}
	}
}

// send posts a text and reads the answer.
func (w *worker) send(ctx context.Context, method, text string) (string, error) {
	req, err := client.Request(ctx, method, client.Origin+"/f", io.NopCloser(strings.NewReader(text)), int64(len(text)))
	if err != nil {
		return "", err
	}
	answer, err := w.Send(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if _, again := answer.Body.Read(make([]byte, 1)); again == nil || err != nil && again != err {
		return "", fmt.Errorf("Read after %v = %v", err, again)
	}
	return string(body), err
}

func TestAnswersOfAllFormsLeaveTheConnectionToTheNextRequest(t *testing.T) {
	for _, row := range []struct {
		name, answer, body string
		dials              int64 // for three requests
	}{
		{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}", 1},
		{"chunks, with a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\nX-T: 1\r\n\r\n", "{}", 1},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", "", 1},
		{"an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 1},
		{"told to go on before", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}", 1},
		{"it wants to close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", "{}", 3},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}", 3},
		{"more than it announced", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}garbage", "{}", 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := begin(t, func(int, int) (string, bool) { return row.answer, true })
			for range 3 {
				if body, err := w.send(t.Context(), http.MethodPost, "x"); body != row.body || err != nil {
					t.Fatalf("Send = %q, %v; want %q", body, err, row.body)
				}
			}
			if n := w.dials.Load(); n != row.dials {
				t.Errorf("%d connections for three requests, want %d", n, row.dials)
			}
		})
	}
}

func TestAnAnswerWithoutALengthEndsWithItsConnection(t *testing.T) {
	w := begin(t, func(int, int) (string, bool) { return "HTTP/1.1 200 OK\r\n\r\nall of it", false })
	for range 2 {
		if body, err := w.send(t.Context(), http.MethodPost, "x"); body != "all of it" || err != nil {
			t.Errorf("Send = %q, %v; want all of it", body, err)
		}
	}
}

func TestManyAtOnceKeepTheirConnections(t *testing.T) {
	const many = 128
	var inside sync.WaitGroup
	w := begin(t, func(_, request int) (string, bool) {
		if request == 0 {
			inside.Done()
			inside.Wait() // until all have a connection of their own
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", true
	})
	inside.Add(many)
	for range 2 {
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				if _, err := w.send(t.Context(), http.MethodPost, "x"); err != nil {
					t.Errorf("Send: %v", err)
				}
			})
		}
		all.Wait()
	}
	if n := w.dials.Load(); n != many {
		t.Errorf("%d connections for twice %d requests at once, want %d", n, many, many)
	}
}

func TestAConnectionThatTheWorkerHasClosedIsNotUsed(t *testing.T) {
	w := begin(t, func(connection, _ int) (string, bool) {
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", connection > 0
	})
	if _, err := w.send(t.Context(), http.MethodPost, "first"); err != nil {
		t.Fatal(err)
	}
	// Whether the end is seen before the request or after it, a GET, which may be
	// repeated, goes through.
	if _, err := w.send(t.Context(), http.MethodGet, ""); err != nil {
		t.Errorf("GET after the worker had closed: %v", err)
	}
	if _, err := w.send(t.Context(), http.MethodPost, "second"); err != nil {
		t.Errorf("POST after the worker had closed: %v", err)
	}
	if n := w.dials.Load(); n != 2 {
		t.Errorf("%d connections, want a second one", n)
	}
}

// A worker closes a connection as the request comes: whether that was worked on,
// nobody knows.
func TestOnlyADeliveryIsSentAgain(t *testing.T) {
	for _, delivery := range []bool{true, false} {
		w := begin(t, func(connection, request int) (string, bool) {
			if connection == 0 && request == 1 {
				return "", false
			}
			return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", true
		})
		if _, err := w.send(t.Context(), http.MethodPost, "first"); err != nil {
			t.Fatal(err)
		}
		req, err := client.Request(t.Context(), http.MethodPost, client.Origin+"/f", io.NopCloser(strings.NewReader("second")), 6)
		if err != nil {
			t.Fatal(err)
		}
		if delivery {
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("second")), nil }
		}
		answer, err := w.Send(req)
		if err == nil {
			_ = answer.Body.Close()
		}
		if (err == nil) != delivery || len(w.asked) != map[bool]int{true: 3, false: 2}[delivery] {
			t.Errorf("Send, a delivery: %v = %v, after which the worker was asked %q", delivery, err, w.asked)
		}
	}
}

func TestAWorkerThatBreaksOffIsGone(t *testing.T) {
	for _, row := range []struct{ name, answer, want string }{
		{"without a word", "", "unexpected EOF"},
		{"in the head", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", "unexpected EOF"},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "unexpected EOF"},
		{"in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", "unexpected EOF"},
		{"it speaks no HTTP", "hello\r\n\r\n", "malformed"},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "another protocol"},
		{"a head without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2<<20), "too long"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := begin(t, func(int, int) (string, bool) { return row.answer, false })
			body, err := w.send(t.Context(), http.MethodPost, "x")
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Send = %q, %v; want %s", body, err, row.want)
			}
			if len(w.asked) != 1 {
				t.Errorf("the worker was asked %d times, want once: it may have worked on it", len(w.asked))
			}
		})
	}
}

func TestAContextThatEndsBreaksOff(t *testing.T) {
	over := errors.New("its time is over")
	for _, row := range []struct{ name, answer string }{
		{"before an answer", ""},
		{"in the head", "HTTP/1.1 200 OK\r\n"},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			w := begin(t, func(int, int) (string, bool) {
				cancel(over)
				return row.answer, true // and waits for the next request: until the connection ends
			})
			if body, err := w.send(ctx, http.MethodPost, "x"); !errors.Is(err, over) {
				t.Errorf("Send = %q, %v; want %v", body, err, over)
			}
		})
	}
}

func TestAPayloadThatBreaksOffIsNotTheWorkersFault(t *testing.T) {
	broken := errors.New("the store hung up")
	for _, row := range []struct {
		name string
		body io.Reader
		size int64
	}{
		{"small", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), 9},
		{"large", io.MultiReader(strings.NewReader(strings.Repeat("x", 70<<10)), iotest.ErrReader(broken)), 80 << 10},
		{"of unknown length", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := begin(t, func(int, int) (string, bool) { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true })
			req, err := client.Request(t.Context(), http.MethodPost, client.Origin+"/f", io.NopCloser(row.body), row.size)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Send(req)
			if gone := (*contract.Gone)(nil); !errors.Is(err, broken) || errors.As(err, &gone) {
				t.Errorf("Send = %v, want the payload's error", err)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.asked) != 0 {
				t.Errorf("the worker saw %d whole requests, want none", len(w.asked))
			}
		})
	}
	for _, text := range []string{"shorter", "this one is longer"} {
		w := begin(t, func(int, int) (string, bool) { return "HTTP/1.1 204 No Content\r\n\r\n", true })
		req, err := client.Request(t.Context(), http.MethodPost, client.Origin+"/f", io.NopCloser(strings.NewReader(text)), 9)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(req); err == nil || w.dials.Load() != 0 {
			t.Errorf("Send of %d bytes that were announced as 9 = %v, %d connections; want an error and none", len(text), err, w.dials.Load())
		}
	}
}
