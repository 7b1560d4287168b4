package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
)

func TestAPayloadThatIsNotWhatWasAnnouncedNeverLooksWhole(t *testing.T) {
	const size = 1 << 20 // what is small waits in a buffer, and is never seen
	for _, row := range []struct {
		why         string
		size, has   int
		then        error // what the source ends with; nil: io.EOF
		ranges      string
		wantRefused bool // no byte of it is sent
	}{
		{"shorter", size, 3, nil, "", false},
		{"shorter by one", size, size - 1, nil, "", false},
		{"longer by one", size, size + 1, nil, "", false},
		{"longer by far", size, 2 * size, nil, "", false},
		{"longer, from the middle", size, size + 1, nil, "bytes=4-", false},
		{"shorter, from the middle", size, size - 1, nil, "bytes=4-", false},
		{"shorter than a piece of it", size, 4, nil, "bytes=2-6", false},
		{"longer by one, its last byte", size, size + 1, nil, fmt.Sprintf("bytes=%d-", size-1), false},
		{"not empty", 0, 1, nil, "", true},
		{"an error in the middle", size, size / 2, errCut, "", false},
		{"an error at its end", size, size, errCut, "", false},
		{"of unknown length, an error in the middle", -1, size, errCut, "", false},
	} {
		for manner, as := range map[string]func(io.Reader) io.Reader{
			"that is read":        func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
			"that writes itself":  func(r io.Reader) io.Reader { return writes{r, func(r io.Reader) io.Reader { return r }} },
			"that writes a file":  func(r io.Reader) io.Reader { return writes{r, limited} },
			"that ends by itself": func(r io.Reader) io.Reader { return writes{r, iotest.DataErrReader} },
			"that is in memory":   func(r io.Reader) io.Reader { return atOnce{r} },
		} {
			s := &contract.Stream{Size: int64(row.size), Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
				end := io.Reader(strings.NewReader(""))
				if row.then != nil {
					end = iotest.ErrReader(row.then)
				}
				return io.NopCloser(as(io.MultiReader(strings.NewReader(strings.Repeat("x", row.has)[from:]), end))), nil
			}}
			l := lend(t, map[string]*contract.Stream{"in": s}, nil)
			answer, got, err := do(t, "GET", l.URL("in"), nil, "Range", row.ranges)
			switch {
			case row.wantRefused && (err != nil || answer.StatusCode != http.StatusPreconditionFailed):
				t.Errorf("%s, one %s: GET = %+v, %v; want 412", row.why, manner, answer, err)
			case !row.wantRefused && err == nil:
				t.Errorf("%s, one %s: GET = %d with %d bytes, which look whole", row.why, manner, answer.StatusCode, len(got))
			}
		}
	}
}

func TestAPayloadThatWritesItselfArrivesWhole(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 20<<10)
	for manner, shape := range map[string]func(io.Reader) io.Reader{
		"from a reader": func(r io.Reader) io.Reader { return r }, "in slices": limited, "byte by byte": iotest.OneByteReader,
	} {
		for _, size := range []int{1, 2, 512, 64 << 10, len(body)} {
			l := lend(t, map[string]*contract.Stream{"in": {Size: int64(size), Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
				return io.NopCloser(writes{strings.NewReader(body[from:size]), shape}), nil
			}}}, nil)
			if _, got, err := do(t, "GET", l.URL("in"), nil); err != nil || got != body[:size] {
				t.Errorf("%s: GET of %d bytes = %d bytes, %v", manner, size, len(got), err)
			}
			if _, got, err := do(t, "GET", l.URL("in"), nil, "Range", fmt.Sprintf("bytes=%d-", size/2)); err != nil || got != body[size/2:size] {
				t.Errorf("%s: GET from the middle of %d bytes = %d bytes, %v", manner, size, len(got), err)
			}
		}
	}
}

// A file goes to its socket through the kernel: what net/http is given is the file
// itself, in the one shape that it looks for.
func TestAFileReachesTheSocketAsOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blob")
	const size = 1 << 20
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	e := endpoint.New("http://stanch")
	l := e.Lend(t.Context(), map[string]*contract.Stream{"in": {Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) {
		f, err := os.Open(path)
		return struct {
			io.Reader
			io.WriterTo
			io.Closer
		}{f, writes{f, limited}, f}, err
	}}}, nil)
	defer l.Close()
	w := &socket{ResponseRecorder: httptest.NewRecorder()}
	e.ServeHTTP(w, httptest.NewRequest("GET", l.URL("in"), nil))
	if w.files != size-1 || w.Body.Len() != size {
		t.Errorf("%d bytes went as a file and %d in all, want all but the last and %d", w.files, w.Body.Len(), size)
	}
}

// socket counts what it is given in the shape of a file.
type socket struct {
	*httptest.ResponseRecorder
	files int64
}

func (s *socket) ReadFrom(from io.Reader) (int64, error) {
	n, err := s.Body.ReadFrom(from)
	if part, ok := from.(*io.LimitedReader); ok {
		if _, ok := part.R.(*os.File); ok {
			s.files += n
		}
	}
	return n, err
}

// writes is a reader that writes itself, as the one of a file store does.
type writes struct {
	io.Reader
	shape func(io.Reader) io.Reader
}

func (w writes) WriteTo(to io.Writer) (n int64, err error) {
	for {
		part := w.shape(w.Reader)
		more, err := io.Copy(to, part)
		n += more
		if _, sliced := part.(*io.LimitedReader); err != nil || more == 0 || !sliced {
			return n, err
		}
	}
}

// atOnce writes all it has in one piece.
type atOnce struct{ io.Reader }

func (a atOnce) WriteTo(to io.Writer) (int64, error) {
	all, end := io.ReadAll(a.Reader)
	n, err := to.Write(all)
	return int64(n), errors.Join(err, end)
}

func limited(r io.Reader) io.Reader { return &io.LimitedReader{R: r, N: 64 << 10} }

var errCut = errors.New("cut")
