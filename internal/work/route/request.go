package route

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// held is up to how many bytes a body is part of the request; what is larger is a
// stream.
const held = 64 << 10

// hop are headers of one connection, which go no further (RFC 9110, 7.6.1).
func hop() []string {
	return []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}
}

// travelling is a header without what belongs to the connection.
func travelling(h http.Header) http.Header {
	out := http.Header{}
	drop := hop()
	for name, values := range h {
		if http.CanonicalHeaderKey(name) == "Connection" {
			for _, v := range values {
				for named := range strings.SplitSeq(v, ",") {
					drop = append(drop, http.CanonicalHeaderKey(strings.TrimSpace(named)))
				}
			}
		}
	}
	for name, values := range h {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(drop, name) {
			out[name] = append(out[name], values...)
		}
	}
	return out
}

// translate makes a function's request of a client's, without a key of ours.
func (t *Table) translate(r *http.Request, query url.Values) *contract.Request {
	header := travelling(r.Header)
	header.Set("Host", r.Host)
	raw := r.URL.RawQuery
	if t.cfg.Keys.known(query[keyQuery]) {
		query = maps.Clone(query)
		delete(query, keyQuery)
		raw = query.Encode()
	}
	if t.cfg.Keys.known(header[keyHeader]) {
		header.Del(keyHeader)
	}
	at := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: raw}
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		at.Scheme = "https"
	}
	return &contract.Request{Method: r.Method, URL: at.String(), Header: header, Query: query}
}

// keep takes the body in. release lets it go. A status that is not 0 is what the
// client is told instead.
func (t *Table) keep(w http.ResponseWriter, r *http.Request) (body contract.Value, release func(), status int) {
	release = func() {}
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return body, release, 0
	}
	if r.ContentLength > t.cfg.MaxBody {
		return body, release, http.StatusRequestEntityTooLarge
	}
	words := &spool.Words{}
	kept, err := spool.Keep(t.cfg.Spool, io.TeeReader(http.MaxBytesReader(w, r.Body, t.cfg.MaxBody), words))
	if err != nil {
		_, ours := errors.AsType[*spool.Error](err)
		_, large := errors.AsType[*http.MaxBytesError](err)
		switch {
		case ours:
			return body, release, http.StatusInsufficientStorage
		case large:
			return body, release, http.StatusRequestEntityTooLarge
		}
		return body, release, http.StatusBadRequest
	}
	kind, size := r.Header.Get("Content-Type"), kept.Size()
	isText := words.Whole() && !binary(kind)
	switch {
	case size == 0:
		kept.Close()
		return body, release, 0
	case size > held:
		return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
			Size: size, Text: isText, ContentType: kind,
			Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
				return io.NopCloser(kept.Part(min(from, size), size)), nil
			},
		}}, kept.Close, 0
	}
	all, err := io.ReadAll(kept.Part(0, size))
	kept.Close()
	switch {
	case err != nil:
		return body, release, http.StatusInsufficientStorage
	case isText:
		return contract.Value{Kind: contract.Text, Text: string(all)}, release, 0
	}
	return contract.Value{Kind: contract.Bytes, Bytes: all}, release, 0
}

// binary says whether Azure takes a body of this type for bytes.
func binary(contentType string) bool {
	kind := strings.ToLower(strings.TrimSpace(contentType))
	return strings.HasPrefix(kind, "application/octet-stream") || strings.HasPrefix(kind, "multipart/")
}
