package sharedmap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/sharedmap"
)

func room(t *testing.T, dirs []string, least int64, memory func() int64) *sharedmap.Room {
	t.Helper()
	r, err := sharedmap.Open("w1", dirs, least, memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Errorf("Close twice: %v", err)
		}
	})
	return r
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestWhatIsWrittenCanBeFoundAndReadInParts(t *testing.T) {
	r := room(t, []string{t.TempDir()}, 0, nil)
	for _, body := range []string{"", "x", strings.Repeat("0123456789", 1<<16)} {
		for _, size := range []int64{int64(len(body)), -1} {
			name, count, err := r.Write(strings.NewReader(body), size)
			if err != nil || count != int64(len(body)) {
				t.Fatalf("Write of %d bytes as %d: got %d, %v", len(body), size, count, err)
			}
			from, part := int64(len(body)/3), int64(len(body)/2)
			m, err := r.Find(name, from, part)
			if err != nil {
				t.Fatal(err)
			}
			reader, err := m.Read(1 & part)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(reader)
			reader.Close()
			if want := body[from+1&part : from+part]; string(got) != want || err != nil {
				t.Errorf("Read: got %d bytes, %v; want %d", len(got), err, len(want))
			}
			if _, err := m.Read(part + 1); err == nil {
				t.Error("Read from past the end: got no error")
			}
			if _, err := r.Find(name, from, int64(len(body))+1); err == nil {
				t.Error("Find of more than there is: got no error")
			}
			if err := errors.Join(r.Remove(name), r.Remove(name)); err != nil {
				t.Errorf("Remove twice: %v", err)
			}
			if _, err := r.Find(name, 0, 0); err == nil {
				t.Error("Find after Remove: got no error")
			}
		}
	}
}

func TestAPayloadThatNothingHoldsIsRefusedBeforeItIsRead(t *testing.T) {
	r := room(t, []string{t.TempDir()}, 0, nil)
	small := inMemory(t, func() int64 { return 100 })
	_, _, err := small.Write(unread{t}, 1000)
	var full *sharedmap.NoRoom
	if !errors.As(err, &full) || full.Size != 1000 || !strings.Contains(err.Error(), "has 100\nhint: ") {
		t.Errorf("Write of 1000 bytes into 100: got %v, want NoRoom with a hint", err)
	}
	if _, _, err := r.Write(unread{t}, sharedmap.MaxSize+1); err == nil {
		t.Error("Write of more than a worker maps: got no error")
	}
}

// inMemory is a room in memory with a limit.
func inMemory(t *testing.T, memory func() int64) *sharedmap.Room {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "test")
	if err != nil {
		t.Skip("no /dev/shm to write to")
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return room(t, []string{dir}, 0, memory)
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the payload was read")
	return 0, io.EOF
}

func TestTheDirectoryWithRoomIsTakenFirstAndForWhatDoesNotFitTheOther(t *testing.T) {
	memory, err := os.MkdirTemp("/dev/shm", "test")
	if err != nil {
		t.Skip("no /dev/shm to write to")
	}
	t.Cleanup(func() { os.RemoveAll(memory) })
	var stat unix.Statfs_t
	disk := t.TempDir()
	if unix.Statfs(disk, &stat) != nil || stat.Type == unix.TMPFS_MAGIC {
		t.Skip("temporary files are in memory here")
	}
	for _, row := range []struct {
		why   string
		least int64
		first string
	}{
		{"memory has the room that is asked for", 1000, memory},
		{"memory has less", 1001, disk},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := room(t, []string{memory, disk}, row.least, func() int64 { return 1000 })
			if got := r.Directories(); len(got) != 2 || filepath.Dir(got[0]) != row.first {
				t.Errorf("Directories: got %v, want %s first", got, row.first)
			}
			_, _, err := r.Write(bytes.NewReader(make([]byte, 2000)), 2000)
			if err != nil {
				t.Fatalf("Write of 2000 bytes: %v", err)
			}
			if got := entries(t, filepath.Join(disk, "stanch-maps-w1", "AzureFunctions")); len(got) != 1 {
				t.Errorf("on disk: got %v, want the map", got)
			}
		})
	}
}

func TestSweepTakesTheRoomsOfTheDeadAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	living := room(t, []string{dir}, 0, nil)
	for _, path := range []string{"stanch-maps-dead/AzureFunctions", "stanch-maps-half", "AzureFunctions"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"stanch-maps-dead/lock", "stanch-maps-dead/AzureFunctions/m", "AzureFunctions/other"} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	swept, err := sharedmap.Sweep([]string{dir, filepath.Join(dir, "absent")})
	if err != nil || !slices.Equal(swept, []string{"stanch-maps-dead", "stanch-maps-half"}) {
		t.Errorf("Sweep: got %v, %v; want the dead one and the half one", swept, err)
	}
	if got := entries(t, dir); !slices.Equal(got, []string{"AzureFunctions", "stanch-maps-w1"}) {
		t.Errorf("after Sweep: got %v, want the living and the stranger", got)
	}
	if _, _, err := living.Write(strings.NewReader("x"), 1); err != nil {
		t.Errorf("Write of the living: %v", err)
	}
}

func TestARoomNeedsADirectoryThatCanBeWritten(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := sharedmap.Open("w1", []string{absent}, 0, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("Open in %s: got %v, want why and a hint", absent, err)
	}
	for _, id := range []string{"", "a/b"} {
		if _, err := sharedmap.Open(id, []string{t.TempDir()}, 0, nil); err == nil {
			t.Errorf("Open for worker %q: got no error", id)
		}
	}
	dir := t.TempDir()
	r := room(t, []string{absent, dir}, 0, nil)
	if got := r.Directories(); !slices.Equal(got, []string{filepath.Join(dir, "stanch-maps-w1")}) {
		t.Errorf("Directories: got %v, want the one that is there", got)
	}
}

// FuzzFind: whatever a worker leaves in a file and says about it, what is read is
// a part of the file's content, or there is an error.
func FuzzFind(f *testing.F) {
	sound := append(binary.LittleEndian.AppendUint64([]byte{1}, 3), "abc"...)
	f.Add(sound, int64(0), int64(3))
	f.Add(sound, int64(1), int64(2))
	f.Add(sound, int64(-1), int64(2))
	f.Add(sound[:8], int64(0), int64(0))
	f.Add(append(binary.LittleEndian.AppendUint64([]byte{1}, 1<<63-1), "abc"...), int64(0), int64(4))
	f.Fuzz(func(t *testing.T, file []byte, offset, count int64) {
		r := room(t, []string{t.TempDir()}, 0, nil)
		if err := os.WriteFile(filepath.Join(r.Directories()[0], "AzureFunctions", "m"), file, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := r.Find("m", offset, count)
		if err != nil {
			return
		}
		reader, err := m.Read(0)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		got, err := io.ReadAll(reader)
		if err != nil || int64(len(got)) != count || !bytes.Equal(got, file[9+offset:9+offset+count]) {
			t.Errorf("Find(%d, %d) of %d bytes, then Read: got %d bytes, %v", offset, count, len(file), len(got), err)
		}
	})
}
