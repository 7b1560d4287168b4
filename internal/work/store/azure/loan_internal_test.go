package azure

import (
	"io"
	"testing"
)

func TestABlockIsNotReadAfterItsRequestIsOver(t *testing.T) {
	block := []byte("first")
	l := lend(block)
	if got, err := io.ReadAll(io.LimitReader(l, 3)); string(got) != "fir" || err != nil {
		t.Fatalf("Read = %q, %v; want fir", got, err)
	}
	if at, err := l.Seek(0, io.SeekStart); at != 0 || err != nil {
		t.Fatalf("Seek = %d, %v; want 0", at, err)
	}
	l.end()
	copy(block, "other")
	if got, err := io.ReadAll(l); len(got) != 0 || err == nil {
		t.Errorf("Read after the end = %q, %v; want an error, and nothing of what is there now", got, err)
	}
	if _, err := l.Seek(0, io.SeekStart); err == nil {
		t.Error("Seek after the end was taken")
	}
}
