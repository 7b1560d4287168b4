package flight_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
)

// writerPath makes the test binary a writer of this file.
const writerPath = "FLIGHT_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		writeForever(path)
	}
	os.Exit(m.Run())
}

// writeForever records at full rate and prints the number of each sample that
// it has recorded.
func writeForever(path string) {
	r, _, err := flight.Open(path, flight.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	slot, other := r.Slot(), r.Slot()
	slot.Begin([]byte("POST"), []byte("/orders"), -1)
	go func() {
		for {
			other.Begin([]byte("GET"), []byte("/quick"), 0)
			other.End()
		}
	}()
	for i := int64(1); ; i++ {
		r.Note(telemetry.Event{Kind: telemetry.Host, Text: strconv.FormatInt(i, 10)})
		r.Line("w1", "stdout", strconv.AppendInt(nil, i, 10))
		r.Sample(flight.Sample{Used: i})
		fmt.Println(i)
	}
}

func TestWhatWasRecordedSurvivesSIGKILL(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "flight.ring")
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writerPath+"="+path)
		stdout, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged, target := int64(0), int64(5000+round*37)
		for out := bufio.NewScanner(stdout); out.Scan(); {
			if acknowledged, err = strconv.ParseInt(out.Text(), 10, 64); err != nil {
				t.Fatalf("the writer says %q", out.Text())
			}
			if acknowledged == target {
				if err := writer.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = writer.Wait() // it was killed

		r, remains, err := flight.Open(path, flight.Options{})
		if err != nil || remains == nil {
			t.Fatalf("Open after SIGKILL: remains %v, %v; want some", remains, err)
		}
		if remains.PID != writer.Process.Pid || remains.Clean {
			t.Errorf("the remains are of pid %d, clean %v; want %d, false", remains.PID, remains.Clean, writer.Process.Pid)
		}
		if len(remains.Samples) < 4095 {
			t.Fatalf("%d samples were found, want 4095 at least", len(remains.Samples))
		}
		last := remains.Samples[len(remains.Samples)-1].Used
		if last < acknowledged {
			t.Errorf("the last sample found is %d, want at least %d, which was acknowledged", last, acknowledged)
		}
		for i, s := range remains.Samples[len(remains.Samples)-4000:] {
			if want := last - 3999 + int64(i); s.Used != want {
				t.Fatalf("a sample is %d, want %d: none is missing", s.Used, want)
			}
		}
		if n := len(remains.Notes); n < 511 || remains.Notes[n-1].Text < strconv.FormatInt(acknowledged, 10) {
			t.Errorf("%d notes were found, the last of them %+v; want 511 at least, up to %d", n, remains.Notes[n-1], acknowledged)
		}
		if n := len(remains.Lines); n < 1000 || remains.Lines[n-1].Text < strconv.FormatInt(acknowledged, 10) {
			t.Errorf("%d lines were found, the last of them %+v; want 1000 at least, up to %d", n, remains.Lines[n-1], acknowledged)
		}
		if !slices.ContainsFunc(remains.InFlight, func(q flight.Request) bool {
			return q.Method == "POST" && q.Path == "/orders" && q.Size == -1 && q.Age > 0
		}) {
			t.Errorf("in flight were %+v, want POST /orders among them", remains.InFlight)
		}
		r.Close()
	}
}

func TestAFullDiskIsAWarningAndRecordingGoesOn(t *testing.T) {
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k")
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	r, remains, err := flight.Open(filepath.Join(dir, "flight.ring"), flight.Options{})
	if !errors.Is(err, unix.ENOSPC) || remains != nil {
		t.Errorf("Open on a full disk: remains %v, warning %v; want none, and that there is no space", remains, err)
	}
	for i := range 10_000 {
		r.Sample(flight.Sample{Used: int64(i)})
		r.Line("w", "stdout", []byte(strings.Repeat("x", 100)))
	}
	if got := r.Snapshot(); len(got.Samples) < 4096 || len(got.Lines) == 0 {
		t.Errorf("Snapshot in memory mode: %d samples, %d lines; want 4096 at least and some", len(got.Samples), len(got.Lines))
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestADiskThatFillsUpLaterDoesNoHarm(t *testing.T) {
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m")
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	r, _ := open(t, filepath.Join(dir, "flight.ring"))
	err = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 2<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v, want no space", err)
	}
	for i := range 10_000 { // a write to a page without a block would be SIGBUS
		r.Sample(flight.Sample{Used: int64(i)})
		r.Note(telemetry.Event{Text: "n"})
		r.Line("w", "stdout", []byte(strings.Repeat("x", 100)))
	}
	for range 4096 {
		r.Slot().Begin([]byte("GET"), []byte("/"), 0)
	}
	r.Close()
	// The next run finds a disk that is still full, and the file in its place.
	if _, remains := open(t, filepath.Join(dir, "flight.ring")); remains != nil {
		t.Errorf("Open after a Close: remains %v, want none", remains)
	}
}
