package send

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// transport keeps connections as a client of many requests does, and leaves answers as
// they come.
func transport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:         (&net.Dialer{KeepAlive: -1}).DialContext,
		Protocols:           protocols,
		MaxIdleConns:        maxRequests,
		MaxIdleConnsPerHost: maxRequests,
		// Shorter than the 75 s after which stanch's front closes them.
		IdleConnTimeout:    30 * time.Second,
		DisableCompression: true,
	}
}

// ask sends a request and reads its answer to the end. A kept connection that was closed
// before anything of an answer came is no answer yet: a GET, and whatever had not been
// written, goes out again on another, as any client's does.
func (s *Sender) ask(ctx context.Context, a timeline.Arrival) (status int, err error) {
	base := s.cfg.Base()
	if base == "" {
		return 0, errNobody
	}
	at, err := url.Parse(base + a.Path)
	if err != nil {
		return 0, errNoPath
	}
	request := (&http.Request{
		Method: a.Method, URL: at, Host: at.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"stanch-lab"}},
	}).WithContext(ctx)
	if a.Size > 0 {
		body := func() (io.ReadCloser, error) { return io.NopCloser(timeline.Payload(a.Content, a.Size)), nil }
		request.Body, _ = body()
		request.GetBody, request.ContentLength = body, int64(a.Size)
		request.Header["Content-Type"] = []string{"application/octet-stream"}
	}
	answer, err := s.transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}
