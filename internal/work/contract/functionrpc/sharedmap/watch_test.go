package sharedmap_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestItIsKnownWhichMapsNobodyOpened(t *testing.T) {
	r := room(t, []string{t.TempDir()}, 0, nil)
	if err := r.Blind(); err != nil {
		t.Skipf("not here: %v", err)
	}
	path := func(name string) string { return filepath.Join(r.Directories()[0], "AzureFunctions", name) }
	for _, row := range []struct {
		why  string
		use  func(name string) error
		want bool
	}{
		{"read", func(name string) error { _, err := os.ReadFile(path(name)); return err }, false},
		{"looked at from outside", func(name string) error { _, err := os.Stat(path(name)); return err }, true},
		{"left alone", func(string) error { return nil }, true},
		{"removed, and nothing is known of it", r.Remove, false},
	} {
		name, _, err := r.Write(strings.NewReader("payload"), 7)
		if err != nil {
			t.Fatal(err)
		}
		if err := row.use(name); err != nil {
			t.Fatal(err)
		}
		if got := r.Unopened(name); got != row.want {
			t.Errorf("a map that was %s: Unopened is %v, want %v", row.why, got, row.want)
		}
		if r.Unopened(name) {
			t.Errorf("a map that was %s: Unopened is true when it is asked again", row.why)
		}
	}
	if r.Unopened("none") {
		t.Error("Unopened of a map that was never written is true")
	}
}

// They come and go at the same time.
func TestOfManyMapsNoneIsMistaken(t *testing.T) {
	r := room(t, []string{t.TempDir()}, 0, nil)
	if err := r.Blind(); err != nil {
		t.Skipf("not here: %v", err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 60 {
				name, _, err := r.Write(strings.NewReader("x"), 1)
				if err != nil {
					t.Errorf("Write: %v", err)
					return
				}
				opened := (i+n)%2 == 0
				if opened {
					if _, err := os.ReadFile(filepath.Join(r.Directories()[0], "AzureFunctions", name)); err != nil {
						t.Errorf("read a map: %v", err)
					}
				}
				if got := r.Unopened(name); got == opened {
					t.Errorf("map %d of %d: Unopened is %v, and it was opened: %v", n, i, got, opened)
				}
				if err := r.Remove(name); err != nil {
					t.Errorf("Remove: %v", err)
				}
			}
		})
	}
	all.Wait()
}
