package contract_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

func stream(size int64, from func() io.Reader) *contract.Stream {
	return &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(from()), nil }}
}

func TestAStreamIsHeldToItsSize(t *testing.T) {
	hung := errors.New("store hung up")
	for _, row := range []struct {
		why  string
		size int64
		body string
		then error // what the source ends with; nil: io.EOF
		want error // nil: all of it, and io.EOF
	}{
		{"as announced", 10, "0123456789", nil, nil},
		{"empty, as announced", 0, "", nil, nil},
		{"of unknown size", -1, "0123456789", nil, nil},
		{"shorter", 11, "0123456789", nil, work.ErrChanged},
		{"longer by one", 9, "0123456789", nil, work.ErrChanged},
		{"not empty", 0, "0", nil, work.ErrChanged},
		{"broken midway", 20, "0123456789", hung, hung},
		{"broken where it should end", 10, "0123456789", hung, hung},
		{"broken, of unknown size", -1, "0123456789", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		for manner, slow := range map[string]func(io.Reader) io.Reader{
			"as it comes": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "the end with the last bytes": iotest.DataErrReader,
		} {
			s := stream(row.size, func() io.Reader {
				var end io.Reader = strings.NewReader("")
				if row.then != nil {
					end = iotest.ErrReader(row.then)
				}
				return slow(io.MultiReader(strings.NewReader(row.body), end))
			})
			body, err := s.Begin(t.Context(), "image")
			var got []byte
			if err == nil {
				got, err = io.ReadAll(body)
				_ = body.Close()
			}
			if row.want == nil {
				if err != nil || string(got) != row.body {
					t.Errorf("%s, %s: read %q, %v; want %q", row.why, manner, got, err, row.body)
				}
				continue
			}
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), "input image") {
				t.Errorf("%s, %s: error %v, want %v of input image", row.why, manner, err, row.want)
			}
			if row.size > 0 && int64(len(got)) == row.size {
				t.Errorf("%s, %s: %q was passed on, which looks like the whole", row.why, manner, got)
			}
		}
	}
	refused := &contract.Stream{Size: 1, Open: func(context.Context, int64) (io.ReadCloser, error) { return nil, hung }}
	if _, err := refused.Begin(t.Context(), "image"); !errors.Is(err, hung) || !strings.Contains(err.Error(), "input image") {
		t.Errorf("Begin of what can't be opened: error %v, want %v of input image", err, hung)
	}
}

func TestReadingAStreamEndsWithItsContext(t *testing.T) {
	over := errors.New("its time is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := stream(-1, func() io.Reader { return iotest.OneByteReader(strings.NewReader("0123456789")) }) // it does not mind ctx
	body, err := s.Begin(ctx, "image")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := body.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Fatalf("Read = %d, %v", n, err)
	}
	cancel(over)
	if n, err := body.Read(make([]byte, 8)); n != 0 || !errors.Is(err, over) {
		t.Errorf("Read after the context's end = %d, %v; want its cause", n, err)
	}
	s.Open = func(ctx context.Context, _ int64) (io.ReadCloser, error) { return nil, ctx.Err() }
	if _, err := s.Begin(ctx, "image"); !errors.Is(err, over) {
		t.Errorf("Begin after the context's end: error %v, want its cause", err)
	}
}

func TestEveryKindOfValueOpensAsItsBytes(t *testing.T) {
	text := contract.Value{Kind: contract.Text, Text: "ü"}
	for _, row := range []struct {
		why   string
		value contract.Value
		want  string
		size  int64
	}{
		{"nothing", contract.Value{}, "", 0},
		{"text", text, "ü", 2},
		{"JSON", contract.Value{Kind: contract.JSON, Text: `{"a":1}`}, `{"a":1}`, 7},
		{"bytes", contract.Value{Kind: contract.Bytes, Bytes: []byte{0, 255}}, "\x00\xff", 2},
		{"a stream", contract.Value{Kind: contract.Large, Stream: stream(-1, func() io.Reader { return strings.NewReader("s") })}, "s", -1},
		{"a request's body", contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{Body: text}}, "ü", 2},
		{"a request without one", contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{}}, "", 0},
	} {
		body, size, err := row.value.Open(t.Context(), "in")
		if err != nil {
			t.Fatalf("%s: Open: %v", row.why, err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != row.want || size != row.size {
			t.Errorf("%s: Open gives %q of size %d, %v; want %q of %d", row.why, got, size, err, row.want, row.size)
		}
	}
}

// Whatever is announced, and however the source hands it out, what is read is the
// whole or an error.
func FuzzAStreamIsTheWholeOrAnError(f *testing.F) {
	f.Add([]byte("abc"), int64(3), 1)
	f.Add([]byte{}, int64(0), 7)
	f.Fuzz(func(t *testing.T, body []byte, size int64, room int) {
		s := stream(max(size, -1), func() io.Reader { return iotest.HalfReader(bytes.NewReader(body)) })
		r, err := s.Begin(t.Context(), "in")
		var got bytes.Buffer
		if err == nil {
			_, err = io.CopyBuffer(&got, struct{ io.Reader }{r}, make([]byte, 1+room&1023))
		}
		whole := bytes.Equal(got.Bytes(), body)
		if sound := s.Size < 0 || s.Size == int64(len(body)); sound != (err == nil) || sound && !whole {
			t.Errorf("%d bytes announced as %d: read %d, %v", len(body), s.Size, got.Len(), err)
		}
		if err != nil && int64(got.Len()) == s.Size && len(body) > 0 && s.Size > 0 {
			t.Errorf("%d bytes announced as %d: all %d that were announced were passed on", len(body), s.Size, got.Len())
		}
	})
}
