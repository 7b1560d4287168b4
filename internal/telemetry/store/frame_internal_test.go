package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// hostile makes a store with one segment of these bytes.
func hostile(t *testing.T, segment []byte) *Dir {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{markerName: []byte(marker), "traces-20260405T013000Z-x.1" + suffix: segment} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pack(t *testing.T, raw []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(raw, nil)
}

// frameOf is a note with its frame; the note says what it is told to.
func frameOf(packed []byte, f Frame) []byte {
	f.Length = int64(len(packed))
	return append(appendNote(nil, f), packed...)
}

func TestAFrameThatUnpacksToMoreThanARowMayTakeIsRefused(t *testing.T) {
	good := frameOf(pack(t, []byte("{}\n")), Frame{Rows: 1, Raw: 3, To: 1})
	bomb := frameOf(pack(t, make([]byte, 1<<30)), Frame{Rows: 1, Raw: 100, To: 1}) // 1 GiB in some KiB
	d := hostile(t, append(bytes.Clone(bomb), good...))
	runs, err := d.Scan("traces", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows := 0
	for _, r := range runs {
		if err := r.Each(t.Context(), func(b []byte, _ bool) error { rows += bytes.Count(b, []byte("\n")); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; rows != 1 || len(d.Damage()) != 1 || took > 64<<20 {
		t.Errorf("%d rows, damage %v, %d MiB allocated; want the good frame's row, the other told, and at most 64", rows, d.Damage(), took>>20)
	}
}

func TestANoteThatClaimsMuchIsNoNote(t *testing.T) {
	for _, f := range []Frame{
		{Rows: 1, Raw: 3, Length: 0},
		{Rows: 1, Raw: 3, Length: maxPacked + 1},
		{Rows: 1, Raw: 3, Length: 1<<32 - 1},
		{Rows: 1, Raw: MaxRow + 2, Length: 10},
		{Rows: 4, Raw: 3, Length: 10},
	} {
		if _, ok := readNote(appendNote(nil, f)); ok {
			t.Errorf("readNote(%+v) takes it, want it refused before memory is taken for it", f)
		}
	}
}

func TestDamageBeyondAThousandPlacesIsSummed(t *testing.T) {
	d := &Dir{}
	for i := range 3000 {
		d.damaged("x", int64(i), 2, "broken")
	}
	all, bytes := d.Damage(), int64(0)
	for _, x := range all {
		bytes += x.Bytes
	}
	if len(all) != maxDamage+1 || bytes != 6000 {
		t.Errorf("Damage() = %d entries of %d bytes, want %d of all 6000", len(all), bytes, maxDamage+1)
	}
}

func TestATornEndIsToldFromDamage(t *testing.T) {
	packed := pack(t, []byte(strings.Repeat("{}\n", 100)))
	whole := frameOf(packed, Frame{Rows: 100, Raw: 300, To: 1})
	for _, c := range []struct {
		why     string
		tail    []byte
		damaged int
	}{
		{"nothing", nil, 0},
		{"a byte of a note", whole[:1], 0},
		{"most of a note", whole[:noteSize-1], 0},
		{"a note", whole[:noteSize], 0},
		{"a note and most of its frame", whole[:len(whole)-1], 0},
		{"a whole frame", whole, 0},
		{"zeros, fewer than a note has", make([]byte, 20), 1},
		{"zeros, as a machine that lost its power leaves", make([]byte, 9000), 1},
		{"text", []byte(strings.Repeat("hello ", 50)), 1},
		{"a note with a flipped bit", append(append(bytes.Clone(whole[:12]), whole[12]^1), whole[13:]...), 1},
		{"a note before what is no frame", append(bytes.Clone(whole[:noteSize]), make([]byte, len(packed))...), 1},
	} {
		d := hostile(t, append(bytes.Clone(whole), c.tail...))
		runs, err := d.Scan("traces", 0, 10)
		if err != nil || len(runs) != 1 {
			t.Fatalf("%s: %d runs, %v", c.why, len(runs), err)
		}
		if got := d.Damage(); len(got) != c.damaged {
			t.Errorf("%s behind a whole frame: damage %v, want %d", c.why, got, c.damaged)
		}
	}
}

func TestManyBrokenNotesDoNotStallAReader(t *testing.T) {
	// Each note is whole, and none has a frame: each is found, and refused.
	var segment []byte
	for range 20_000 {
		segment = appendNote(segment, Frame{Rows: 1, Raw: 1, Length: 10})
	}
	d := hostile(t, segment)
	if runs, err := d.Scan("traces", 0, 10); err != nil || len(runs) != 0 {
		t.Fatalf("Scan = %d runs, %v; want none", len(runs), err)
	}
	if got := fmt.Sprint(d.Damage()); len(d.Damage()) == 0 {
		t.Errorf("Damage() = %s, want it told", got)
	}
}
