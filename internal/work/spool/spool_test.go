package spool_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/spool"
)

func TestWhatIsKeptIsReadAsOftenAsItTakes(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 10, 1 << 20, 1<<20 + 1, 5 << 20} {
		body := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		k, err := spool.Keep(dir, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := io.ReadAll(k.Part(0, k.Size())); err != nil || string(got) != body {
				t.Errorf("%d bytes came as %d, %v", size, len(got), err)
			}
		}
		if size > 10 {
			if got, err := io.ReadAll(k.Part(3, 7)); err != nil || string(got) != body[3:7] {
				t.Errorf("Part(3, 7) = %q, %v", got, err)
			}
		}
		k.Close()
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	}
}

func TestWhoseFaultItWasIsTold(t *testing.T) {
	large := strings.NewReader(strings.Repeat("x", 2<<20))
	_, err := spool.Keep(filepath.Join(t.TempDir(), "none"), large)
	if _, ours := errors.AsType[*spool.Error](err); !ours {
		t.Errorf("Keep without a directory = %v, want *spool.Error", err)
	}
	cut := errors.New("cut")
	_, err = spool.Keep(t.TempDir(), io.MultiReader(strings.NewReader(strings.Repeat("x", 2<<20)), broken{cut}))
	if _, ours := errors.AsType[*spool.Error](err); ours || !errors.Is(err, cut) {
		t.Errorf("Keep of a reader that breaks off = %v, want its error", err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
