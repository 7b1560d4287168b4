package contracttest

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

func crowd(t *testing.T, c Case) {
	w := c.start(t)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			want := strings.Repeat(fmt.Sprint(i, " "), 1+i*37)
			result, end, err := w.Invoke(patient(t), c.invocation("echo", fmt.Sprint(i), text(want)))
			if err != nil {
				t.Errorf("Invoke %d: %v", i, err)
				return
			}
			defer end()
			body, err := value(result).Open(t.Context(), "result")
			if err != nil {
				t.Errorf("Invoke %d: open the result: %v", i, err)
				return
			}
			defer body.Close()
			if got, err := io.ReadAll(body); err != nil || string(got) != want {
				t.Errorf("Invoke %d gave %d bytes, %v; want its own %d", i, len(got), err, len(want))
			}
		})
	}
	all.Wait()
}

// most is how much may be allocated in all, dead or alive, for a payload of 32 MiB:
// whoever held it whole would need more.
const most = 12 << 20

func flat(t *testing.T, c Case) {
	if c.Holds {
		t.Skip("the contract holds payloads")
	}
	const size = 32 << 20
	w := c.start(t)
	call(t, w, c.invocation("echobytes", "first", held("x"))) // what is made once is made now
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	seen := read(t, w, c.invocation("readbytes", "in", large(false, size, func() io.Reader { return noise(size) })))
	took := allocated() - before
	t.Logf("in: %d KiB were allocated for %d MiB", took>>10, size>>20)
	if want := digest(noise(size)); seen.Size != size || seen.Digest != want {
		t.Errorf("the function saw %d bytes with %.8s, want %d with %.8s", seen.Size, seen.Digest, size, want)
	}
	if took > most {
		t.Errorf("in: %d MiB were allocated for %d MiB, want at most %d", took>>20, size>>20, most>>20)
	}
	before = allocated()
	result, end, err := w.Invoke(patient(t), c.invocation("makebytes", "out", held(fmt.Sprint(size))))
	if err != nil {
		t.Fatal(err)
	}
	out := value(result)
	if out.Kind != contract.Large || out.Stream.Size != size {
		t.Fatalf("the result is of kind %v, want a stream of %d bytes", out.Kind, size)
	}
	if w.Held() == 0 {
		t.Error("a result of 32 MiB is held in no file")
	}
	for _, from := range []int64{0, size / 3} {
		body, err := out.Stream.Open(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		rest := noise(size)
		_, _ = io.CopyN(io.Discard, rest, from)
		if got, want := digest(body), digest(rest); got != want {
			t.Errorf("out: from %d on the digest is %.8s, want %.8s", from, got, want)
		}
		_ = body.Close()
	}
	took = allocated() - before
	t.Logf("out: %d KiB were allocated for %d MiB", took>>10, size>>20)
	if took > most {
		t.Errorf("out: %d MiB were allocated for %d MiB, want at most %d", took>>20, size>>20, most>>20)
	}
	end()
	call(t, w, c.invocation("echo", "after", text("x"))) // a worker that is told to let go has done so when it answers this
	if n := w.Held(); n != 0 {
		t.Errorf("after end %d files are held", n)
	}
}
