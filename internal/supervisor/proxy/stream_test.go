package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

func TestContinueIsTheWorkersToSay(t *testing.T) {
	tests := []struct {
		name  string
		reads bool
		want  string
	}{
		{"a worker that wants the body", true, "read 7"},
		{"a worker that does not", false, "no, thanks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, quick(), httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
				if !tt.reads {
					http.Error(w, "no, thanks", http.StatusRequestEntityTooLarge)
					return
				}
				b, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "read %d", len(b))
			}))
			client := s.client()
			client.Transport.(*http.Transport).ExpectContinueTimeout = 10_000_000_000
			continued := false
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { continued = true }})
			req, _ := http.NewRequestWithContext(ctx, "POST", s.url("/"), strings.NewReader("payload"))
			req.Header.Set("Expect", "100-continue")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if strings.TrimSpace(string(b)) != tt.want || continued != tt.reads {
				t.Errorf("got %d %q, continued %v; want %q, %v", resp.StatusCode, b, continued, tt.want, tt.reads)
			}
		})
	}
}

func TestAnEarlyAnswerEndsTheUpload(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
			io.Copy(io.Discard, r)
		}))
		client := s.client()
		if h2 {
			client = s.clientH2()
		}
		body, w := io.Pipe()
		go func() {
			block := make([]byte, 1<<16)
			for {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}()
		req, _ := http.NewRequest("POST", s.url("/"), body)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("h2=%v: %v", h2, err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		body.Close()
		if resp.StatusCode != 413 || string(b) != "no" {
			t.Errorf("h2=%v: got %d %q, want 413 \"no\"", h2, resp.StatusCode, b)
		}
	}
}

// Each piece must arrive before the worker may send the next.
func TestPiecesOfAnAnswerAreNotHeldBack(t *testing.T) {
	next := make(chan struct{})
	pieces := []string{"data: 1\n\n", "data: 2\n\n", "data: 3\n\n"}
	workers := map[string]*proxy.Upstream{
		"chunked": httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, p := range pieces {
				io.WriteString(w, p)
				_ = http.NewResponseController(w).Flush()
				<-next
			}
		}),
		"until the end": rawWorker(t, func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
			for _, p := range pieces {
				io.WriteString(c, p)
				<-next
			}
		}),
		"of a length": rawWorker(t, func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			fmt.Fprintf(c, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", 3*len(pieces[0]))
			for _, p := range pieces {
				io.WriteString(c, p)
				<-next
			}
		}),
	}
	for name, up := range workers {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s h2=%v", name, h2), func(t *testing.T) {
				s := play(t, quick(), up)
				client := s.client()
				if h2 {
					client = s.clientH2()
				}
				resp, err := client.Get(s.url("/"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				for _, want := range pieces {
					got := make([]byte, len(want))
					if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != want {
						t.Fatalf("piece %q, %v; want %q", got, err, want)
					}
					next <- struct{}{}
				}
				if b, err := io.ReadAll(resp.Body); err != nil || len(b) > 0 {
					t.Errorf("after the last piece: %q, %v; want the end", b, err)
				}
			})
		}
	}
}

func TestHangUpEndsEventStreamsRegularly(t *testing.T) {
	workers := map[string]*proxy.Upstream{
		"chunked": httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
		"until the end": rawWorker(t, func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
			io.Copy(io.Discard, r)
		}),
	}
	for name, up := range workers {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s h2=%v", name, h2), func(t *testing.T) {
				s := play(t, quick(), up)
				client := s.client()
				if h2 {
					client = s.clientH2()
				}
				resp, err := client.Get(s.url("/"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if _, err := io.ReadFull(resp.Body, make([]byte, 9)); err != nil {
					t.Fatal(err)
				}
				if n := up.Streams(); n != 1 {
					t.Errorf("Streams() = %d, want 1", n)
				}
				up.HangUp()
				if b, err := io.ReadAll(resp.Body); err != nil || len(b) > 0 {
					t.Errorf("after HangUp: %q, %v; want the regular end", b, err)
				}
				waitFor(t, "the stream to be forgotten", func() bool { return up.Streams() == 0 })
			})
		}
	}
}

// echoSocket is a worker that sends each message back, and tells how the
// connection ended.
func echoSocket(t *testing.T) (*proxy.Upstream, chan error) {
	ended := make(chan error, 1)
	return httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 22)
		for {
			kind, b, err := c.Read(r.Context())
			if err == nil {
				err = c.Write(r.Context(), kind, b)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}), ended
}

func TestWebSocketsPass(t *testing.T) {
	up, ended := echoSocket(t)
	s := play(t, quick(), up)
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 22)
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		if err := c.Write(t.Context(), websocket.MessageBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if _, b, err := c.Read(t.Context()); err != nil || len(b) != size {
			t.Fatalf("echo of %d bytes: %d, %v", size, len(b), err)
		}
	}
	if n := up.Streams(); n != 1 {
		t.Errorf("Streams() = %d, want 1", n)
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the worker saw %v, want a normal closure", err)
	}
	waitFor(t, "the stream to be forgotten", func() bool { return up.Streams() == 0 })
}

func TestHangUpTellsBothEndsOfAWebSocket(t *testing.T) {
	up, ended := echoSocket(t)
	s := play(t, quick(), up)
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	up.HangUp()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the client saw %v, want going away", err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the worker saw %v, want going away", err)
	}
	waitFor(t, "the stream to be forgotten", func() bool { return up.Streams() == 0 })
}

func TestAnAbortEndsAnUpgradedConnection(t *testing.T) {
	up, ended := echoSocket(t)
	s := play(t, quick(), up)
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	up.Abort(frozen)
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the client read on, want an error")
	}
	<-ended
}

func TestEachHalfOfATunnelEndsByItself(t *testing.T) {
	s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nearly ")
		b, _ := io.ReadAll(r) // until the client has closed its half
		fmt.Fprintf(c, "got %s", b)
	}))
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nahead ")
	io.WriteString(c, "and behind")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if want := "Upgrade: raw\r\n\r\nearly got ahead and behind"; err != nil || !strings.HasSuffix(string(b), want) {
		t.Errorf("got %q, %v; want it to end with %q", b, err, want)
	}
}

// A body of any size must pass in constant memory.
func TestLargeBodiesPassThroughConstantMemory(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	up := httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			if r.URL.Path == "/length" {
				w.Header().Set("Content-Length", fmt.Sprint(size))
			}
			io.Copy(w, io.LimitReader(zeros{}, size))
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n != size {
			t.Errorf("the worker read %d bytes, %v; want %d", n, err, size)
		}
	})
	s := play(t, quick(), up)
	for _, h2 := range []bool{false, true} {
		client := s.client()
		if h2 {
			client = s.clientH2()
			if !testing.Short() {
				size = 256 << 20 // it is slower, and has no path of its own for size
			}
		}
		client.Timeout = 0
		for _, way := range []string{"POST /length", "POST /chunked", "GET /length", "GET /chunked"} {
			t.Run(fmt.Sprintf("h2=%v %s", h2, way), func(t *testing.T) {
				method, path, _ := strings.Cut(way, " ")
				var body io.Reader
				if method == "POST" {
					body = io.LimitReader(zeros{}, size)
				}
				req, _ := http.NewRequest(method, s.url(path), body)
				if method == "POST" && path == "/length" {
					req.ContentLength = size
				}
				before, rss := heap(), resident(t)
				stop, peak := make(chan struct{}), make(chan int64)
				go func() { peak <- highest(stop) }()
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				close(stop)
				most := <-peak
				if err != nil || method == "GET" && n != size {
					t.Errorf("read %d bytes, %v; want %d", n, err, size)
				}
				// The client and the worker are in this process too.
				grown := heap() - before
				if grown > 8<<20 {
					t.Errorf("the heap grew by %d bytes, want at most 8 MiB", grown)
				}
				t.Logf("heap %+d KiB after, RSS at most %+d KiB during", grown>>10, (most-rss)>>10)
				if !raceEnabled && most-rss > 16<<20 {
					t.Errorf("RSS grew by %d bytes, want at most 8 MiB each for both ends and the proxy", most-rss)
				}
			})
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func resident(t *testing.T) int64 {
	n, err := readResident()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func readResident() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var total, rss int64
	if _, err := fmt.Sscan(string(b), &total, &rss); err != nil {
		return 0, errors.New("statm is malformed")
	}
	return rss * int64(os.Getpagesize()), nil
}
