package file_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/file"
	"github.com/stanch-dev/stanch/internal/work/store/storetest"
)

// TestMain plays another host on the same store if it is told to.
func TestMain(m *testing.M) {
	if role := os.Getenv("STANCH_TEST_ROLE"); role != "" {
		play(role, os.Getenv("STANCH_TEST_DIR"))
		return
	}
	os.Exit(m.Run())
}

// play does what its role says, tells of it on stdout, and waits to be killed.
func play(role, dir string) {
	s, err := file.Open(dir, file.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	switch role {
	case "lease":
		all, err := s.Lease(ctx, "jobs", queue.Ask{Max: 3, Hold: 10 * time.Minute})
		fmt.Println(len(all), err)
	case "put":
		for i := 0; err == nil; i++ {
			_, err = s.Put(ctx, "jobs", fmt.Appendf(nil, "job %d", i))
			fmt.Println(i, err)
		}
	case "blob":
		begun, _ := io.Pipe()
		first := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), told{begun})
		_, err := s.Blobs().Put(ctx, blob.Name{Container: "box", Path: "half"}, blob.Head{}, first, blob.Want{})
		fmt.Println(err)
	}
	select {}
}

// told says that the first part was taken, and then holds the writer up.
type told struct{ r io.Reader }

func (t told) Read(p []byte) (int, error) {
	fmt.Println("begun")
	return t.r.Read(p)
}

// host starts another process on the store.
func host(t *testing.T, role, dir string) (lines *bufio.Scanner, kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "STANCH_TEST_ROLE="+role, "STANCH_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	return bufio.NewScanner(out), kill
}

func open(t *testing.T, dir string, o file.Options) *file.Store {
	t.Helper()
	s, err := file.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	for name, o := range map[string]file.Options{"durable": {}, "relaxed": {Relaxed: true}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Run("queues", func(t *testing.T) {
				storetest.Queues(t, storetest.QueueCase{Open: func(t *testing.T) queue.Store { return open(t, dir, o) }})
			})
			t.Run("blobs", func(t *testing.T) {
				storetest.Blobs(t, storetest.BlobCase{Open: func(t *testing.T) blob.Store { return open(t, dir, o).Blobs() }})
			})
			t.Run("ledger", func(t *testing.T) {
				storetest.Ledger(t, func(t *testing.T) ledger.Store { return open(t, dir, o).Ledger() })
			})
		})
	}
}

func TestAKilledHostsLeasesComeBackAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, file.Options{})
	for range 3 {
		if _, err := s.Put(t.Context(), "jobs", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	lines, kill := host(t, "lease", dir)
	if !lines.Scan() || lines.Text() != "3 <nil>" {
		t.Fatalf("the other host leased %q, want 3", lines.Text())
	}
	if all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 3, Hold: time.Minute}); err != nil || len(all) != 0 {
		t.Fatalf("Lease while it lives = %d, %v, want none", len(all), err)
	}
	kill()
	began := time.Now()
	all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 3, Hold: time.Minute, Wait: time.Minute})
	if err != nil || len(all) != 3 {
		t.Fatalf("Lease after its death = %d, %v, want 3", len(all), err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("they came back after %v", took)
	}
	if got := all[0].Message().Deliveries; got != 2 {
		t.Errorf("delivery %d, want 2", got)
	}
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	for range 3 {
		dir := t.TempDir()
		lines, kill := host(t, "put", dir)
		acknowledged := 0
		for acknowledged < 200 && lines.Scan() {
			acknowledged++
		}
		kill()
		for lines.Scan() { // what it said before it died
			acknowledged++
		}
		s := open(t, dir, file.Options{})
		d, err := s.Depth(t.Context(), "jobs")
		if err != nil || acknowledged < 200 || d.Total < int64(acknowledged) || d.Total > int64(acknowledged)+1 {
			t.Errorf("%d messages are there, %v; %d were acknowledged", d.Total, err, acknowledged)
		}
	}
}

func TestAKilledHostLeavesNoHalfBlob(t *testing.T) {
	dir := t.TempDir()
	lines, kill := host(t, "blob", dir)
	if !lines.Scan() || lines.Text() != "begun" {
		t.Fatalf("the other host said %q", lines.Text())
	}
	if left := leftovers(t, dir); len(left) != 1 {
		t.Fatalf("%v are there while it writes, want one file", left)
	}
	kill()
	s := open(t, dir, file.Options{})
	if _, err := s.Blobs().Stat(t.Context(), blob.Name{Container: "box", Path: "half"}); !errors.Is(err, work.ErrAbsent) {
		t.Errorf("Stat = %v, want work.ErrAbsent", err)
	}
	if left := leftovers(t, dir); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "blobs", "*", ".stanch-", "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestADatabaseOfANewerStanchIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, file.Options{})
	db, err := sql.Open("sqlite", filepath.Join(dir, "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Open(dir, file.Options{}); err == nil || !strings.Contains(err.Error(), "hint") {
		t.Errorf("Open = %v, want an error with a hint", err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := open(t, t.TempDir(), file.Options{})
	if _, err := s.Put(t.Context(), "jobs", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatalf("Close twice: %v", err)
	}
	if _, err := errors.AsType[*work.Unavailable](put(t, s)); !err {
		t.Error("Put into a closed store is not *work.Unavailable")
	}
}

func put(t *testing.T, s *file.Store) error {
	_, err := s.Put(t.Context(), "jobs", make([]byte, 64<<10))
	return err
}

func TestAFullDiskIsToldAndPasses(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("no file system can be mounted here to fill: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := open(t, dir, file.Options{})
	acknowledged := int64(0)
	var err error
	for err == nil && acknowledged < 1000 {
		if err = put(t, s); err == nil {
			acknowledged++
		}
	}
	if _, ok := errors.AsType[*work.Unavailable](err); !ok {
		t.Errorf("Put on a full disk = %v, want *work.Unavailable", err)
	}
	_, err = s.Blobs().Put(t.Context(), blob.Name{Container: "box", Path: "b"}, blob.Head{}, strings.NewReader(strings.Repeat("x", 8<<20)), blob.Want{})
	if _, ok := errors.AsType[*work.Unavailable](err); !ok {
		t.Errorf("Put of a blob on a full disk = %v, want *work.Unavailable", err)
	}
	if left := leftovers(t, dir); len(left) != 0 {
		t.Errorf("%v are left of it", left)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s); err != nil {
		t.Errorf("Put with room again: %v", err)
	}
	if d, err := s.Depth(t.Context(), "jobs"); err != nil || d.Total != acknowledged+1 {
		t.Errorf("%d messages, %v; %d were acknowledged", d.Total, err, acknowledged+1)
	}
}
