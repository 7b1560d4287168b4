package endpoint

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// part is what is sent of a payload, in bytes.
type part struct {
	from, count int64
	partial     bool
}

func quoted(etag string) string { return `"` + strings.Trim(etag, `"`) + `"` }

// rangeOf reads a Range header with one range, as RFC 9110 section 14 has it. A
// header that it can't read, one with several ranges, and one for another version
// (If-Range) are passed over, as that allows: all of the payload is sent.
func rangeOf(h http.Header, s *contract.Stream) (part, error) {
	whole := part{count: s.Size}
	text, ok := strings.CutPrefix(h.Get("Range"), "bytes=")
	if !ok || s.Size < 0 || strings.Contains(text, ",") {
		return whole, nil
	}
	if version := h.Get("If-Range"); version != "" && (s.ETag == "" || version != quoted(s.ETag)) {
		return whole, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(text), "-")
	if !ok {
		return whole, nil
	}
	if first == "" { // the last so many bytes
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return whole, nil
		}
		if n == 0 || s.Size == 0 {
			return part{}, fmt.Errorf("the payload has %d bytes, none of them are in %q", s.Size, text)
		}
		n = min(n, s.Size)
		return part{s.Size - n, n, true}, nil
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return whole, nil
	}
	if from >= s.Size {
		return part{}, fmt.Errorf("the payload has %d bytes, none of them are in %q", s.Size, text)
	}
	to := s.Size - 1
	if last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < from {
			return whole, nil
		}
		to = min(to, n)
	}
	return part{from, to - from + 1, true}, nil
}
