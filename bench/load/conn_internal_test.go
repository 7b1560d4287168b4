package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// reading is a connection whose peer has sent these bytes and closed.
func reading(data []byte) *conn { return &conn{r: bufio.NewReader(bytes.NewReader(data))} }

// Whatever a server sends, the client ends with an answer or with a Loss; and a
// body that it accepts is the same however it was framed.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\nto the end"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := wholeAnswer(data)
		if err != nil {
			var loss Loss
			if !errors.As(err, &loss) || loss == "" {
				t.Fatalf("reading %q: %v, want a Loss", data, err)
			}
			return
		}
		again := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for rest := body; len(rest) > 0; {
			n := min(7, len(rest))
			again = append(fmt.Appendf(again, "%x\r\n%s", n, rest[:n]), "\r\n"...)
			rest = rest[n:]
		}
		again = append(again, "0\r\n\r\n"...)
		if got, err := wholeAnswer(again); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("the body %q read back from chunks = %q, %v", body, got, err)
		}
	})
}

func wholeAnswer(data []byte) ([]byte, error) {
	c := reading(data)
	h, err := c.readHead()
	if err != nil {
		return nil, err
	}
	var body []byte
	err = c.readBody(h.length, func(piece []byte) error {
		body = append(body, piece...)
		return nil
	})
	return body, err
}

func TestAWheelHasEachKindAsOftenAsTheMixAndSpread(t *testing.T) {
	turn := wheel(Mix{50, 10, 25, 10, 5})
	var got Mix
	last := map[Kind]int{}
	for at, kind := range turn {
		got[kind]++
		if before, ok := last[kind]; ok && kind == Stream && at-before < 10 {
			t.Errorf("streams at %d and %d, want them about 20 apart", before, at)
		}
		last[kind] = at
	}
	if want := (Mix{50, 10, 25, 10, 5}); got != want {
		t.Errorf("one turn has %v, want %v", got, want)
	}
}

func TestBodiesAreTheSameForANumberAndDifferForTheNext(t *testing.T) {
	w, v := newWire(DefaultPlan("x")), newWire(DefaultPlan("x"))
	for n := range int64(1000) {
		if !bytes.Equal(w.body(n), v.body(n)) {
			t.Fatalf("body(%d) differs between two runs", n)
		}
		if bytes.Equal(w.body(n), w.body(n+1)) {
			t.Fatalf("body(%d) equals body(%d)", n, n+1)
		}
		if size := len(w.body(n)); size < 1 || size > w.plan.BodyBytes {
			t.Fatalf("body(%d) has %d bytes, want 1 to %d", n, size, w.plan.BodyBytes)
		}
	}
}
