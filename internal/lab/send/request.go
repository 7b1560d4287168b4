package send

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// ask sends a request and reads its answer to the end. A kept connection that was closed
// before anything of an answer came is no answer yet: a GET goes out again on another,
// as any client's does.
//
// It is written by hand, since a client of net/http takes three goroutines for what is
// one here, and the processors that a sender takes are missing to the worker.
func (s *Sender) ask(ctx context.Context, a timeline.Arrival) (status int, err error) {
	host, isHTTP := strings.CutPrefix(s.cfg.Base(), "http://")
	if host = strings.TrimSuffix(host, "/"); !isHTTP || host == "" {
		return 0, errNobody
	}
	deadline := time.Now().Add(a.Timeout)
	for {
		c, err := s.pool.take(ctx, host, deadline)
		if err != nil {
			return 0, err
		}
		status, begun, err := c.exchange(a)
		s.pool.give(c)
		if err == nil || begun || !c.kept || a.Method != http.MethodGet || errors.Is(err, os.ErrDeadlineExceeded) {
			return status, err
		}
	}
}

// wholeSize is up to where a body goes out with its head: a socket takes that much
// whether or not the other side reads.
const wholeSize = 16 * bytesize.KiB

// exchange is one request and its answer; begun says that some of the answer came.
func (c *conn) exchange(a timeline.Arrival) (status int, begun bool, err error) {
	c.out = appendHead(c.out[:0], c.host, a)
	body := timeline.Payload(a.Content, a.Size)
	large := a.Size > wholeSize
	if !large {
		from := len(c.out)
		c.out = append(c.out, make([]byte, a.Size)...)
		_, _ = io.ReadFull(body, c.out[from:]) // noise has no error, and is as long as it says
	}
	if _, err := c.Write(c.out); err != nil && !large {
		// The other side may have answered before it hung up.
		status, begun, _, _ := c.answer(a.Method)
		if status > 0 {
			return status, true, nil
		}
		return 0, begun, err
	}
	if !large {
		status, begun, c.reusable, err = c.answer(a.Method)
		return status, begun, err
	}
	// A worker may answer before it has read the body, and then read no more.
	written := make(chan error, 1)
	go func() {
		_, err := io.Copy(c.TCPConn, body)
		written <- err
	}()
	status, begun, agreed, err := c.answer(a.Method)
	select {
	case wrote := <-written:
		c.reusable = agreed && wrote == nil
	default:
		_ = c.Close()
		<-written
	}
	return status, begun, err
}

// answer reads the final answer to its end; agreed says that the connection can have
// another request.
func (c *conn) answer(method string) (status int, begun, agreed bool, err error) {
	if _, err := c.in.Peek(1); err != nil {
		return 0, false, false, err
	}
	for {
		answer, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			return 0, true, false, err
		}
		if answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols {
			continue // as 100 is: more comes
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return 0, true, false, err
		}
		return answer.StatusCode, true, !answer.Close && answer.StatusCode >= 200 && c.in.Buffered() == 0, nil
	}
}

func appendHead(out []byte, host string, a timeline.Arrival) []byte {
	out = append(append(append(out, a.Method...), ' '), a.Path...)
	out = append(append(out, " HTTP/1.1\r\nHost: "...), host...)
	out = append(out, "\r\nUser-Agent: stanch-lab\r\n"...)
	if a.Size > 0 {
		out = append(out, "Content-Type: application/octet-stream\r\n"...)
	}
	if a.Method == http.MethodPost || a.Method == http.MethodPut {
		out = append(strconv.AppendInt(append(out, "Content-Length: "...), int64(a.Size), 10), "\r\n"...)
	}
	return append(out, "\r\n"...)
}
