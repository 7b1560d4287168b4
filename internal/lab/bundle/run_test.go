package bundle_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("STANCH_TEST_BUNDLE"); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// step tells the i-th sample, arrival and event of a run.
func step(r *bundle.RunWriter, i int) {
	at := float64(i) / 1000
	r.Sample(lab.Sample{At: at, Generation: 1, Values: [10]float64{float64(i)}, Limit: math.NaN()})
	r.Sent(lab.Sent{Due: at, At: at, Done: at, Stream: "orders", Number: int64(i), Status: 200, Request: true})
	r.Event(lab.Event{At: at, Kind: lab.EventNote, Text: strconv.Itoa(i)})
}

// writeUntilKilled is the child of the test below. It says on its output how many rows
// it has told.
func writeUntilKilled(dir string) {
	fail := func(err error) {
		fmt.Println("error", err)
		os.Exit(1)
	}
	w, err := bundle.Create(dir, source, manifest())
	if err != nil {
		fail(err)
	}
	r, err := w.Run(1)
	if err != nil {
		fail(err)
	}
	begun := record(1)
	begun.Spans = nil
	if err := r.Begin(begun); err != nil {
		fail(err)
	}
	r.Event(lab.Event{Kind: lab.EventPhase, Text: "load"})
	for i := 0; ; {
		<-time.After(time.Millisecond) // the pace of a load, and not a wait for anything
		for range 20 {
			step(r, i)
			i++
		}
		if err := r.Err(); err != nil {
			fail(err)
		}
		fmt.Println(i)
	}
}

func TestALabThatIsKilledLeavesABundleThatReads(t *testing.T) {
	for round := range 2 {
		dir := filepath.Join(t.TempDir(), "bundle")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STANCH_TEST_BUNDLE="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// What was told a second before the end has to be there.
		type said struct {
			rows int
			at   time.Time
		}
		var all []said
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the child: %s", lines.Text())
			}
			all = append(all, said{n, time.Now()})
			if time.Since(all[0].at) > 1100*time.Millisecond+time.Duration(round)*70*time.Millisecond {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		for lines.Scan() {
			continue
		}
		_ = cmd.Wait() // it was killed
		want := 0
		for _, s := range all {
			if killed.Sub(s.at) >= time.Second {
				want = s.rows
			}
		}
		b := open(t, dir)
		if b.Manifest.State != lab.Running {
			t.Errorf("the state is %s, want running", b.Manifest.State)
		}
		if told, err := b.Check(); err != nil || len(told) != 1 || !strings.Contains(told[0], "never ended") {
			t.Errorf("Check: %q, %v; want that it was never ended", told, err)
		}
		records, notes, err := b.Records()
		if err != nil || len(records) != 1 || len(notes) == 0 {
			t.Fatalf("Records: %d runs, notes %q, %v; want one run, and that nobody ended it", len(records), notes, err)
		}
		r := records[0]
		if r.Finished || r.Variant != "old" || !r.Began.Equal(began) {
			t.Errorf("the run is %+v, want what Begin said, unfinished", r)
		}
		if len(r.Spans) != 1 || r.Spans[0].Name != "load" || r.Spans[0].To <= 0 {
			t.Errorf("its phases are %+v, want the one that an event told", r.Spans)
		}
		if want == 0 || len(r.Samples) < want || len(r.Sent) < want || len(r.Events) < want+1 {
			t.Errorf("%d samples, %d arrivals, %d events; %d were told a second before the end", len(r.Samples), len(r.Sent), len(r.Events), want)
		}
		for i, s := range r.Samples {
			if s.Values[0] != float64(i) {
				t.Fatalf("sample %d is number %v", i, s.Values[0])
			}
		}
		for i, s := range r.Sent {
			if s.Number != int64(i) {
				t.Fatalf("arrival %d is number %d", i, s.Number)
			}
		}
	}
}

func TestManyMayTellAtOnce(t *testing.T) {
	w := create(t, filepath.Join(t.TempDir(), "bundle"))
	r, err := w.Run(1)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	const tellers, each = 8, 500
	for teller := range tellers {
		all.Go(func() {
			for i := range each {
				r.Sent(lab.Sent{Due: float64(i), At: float64(i), Done: math.NaN(), Stream: strconv.Itoa(teller), Number: int64(i)})
				r.Event(lab.Event{At: float64(i), Kind: lab.EventNote, Text: strconv.Itoa(teller)})
				_ = r.Err()
			}
		})
	}
	all.Wait()
	if err := r.Close(record(1)); err != nil {
		t.Fatal(err)
	}
	records, _, err := open(t, filepath.Dir(filepath.Dir(r.Dir()))).Records()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int64{}
	for _, s := range records[0].Sent {
		if s.Number != seen[s.Stream] {
			t.Fatalf("stream %s: number %d follows %d", s.Stream, s.Number, seen[s.Stream]-1)
		}
		seen[s.Stream]++
	}
	if len(seen) != tellers || len(records[0].Sent) != tellers*each || len(records[0].Events) != tellers*each {
		t.Errorf("%d streams, %d arrivals, %d events; want %d, and %d of each", len(seen), len(records[0].Sent), len(records[0].Events), tellers, tellers*each)
	}
}

func TestWhatCannotBeWrittenIsToldAtOnceAndAtTheEnd(t *testing.T) {
	for reason, spoil := range map[string]func(r *bundle.RunWriter){
		"an infinite number":           func(r *bundle.RunWriter) { r.Sample(lab.Sample{At: math.Inf(1)}) },
		"a sample before the last one": func(r *bundle.RunWriter) { r.Sample(lab.Sample{At: -2}) },
		"an arrival of no stream":      func(r *bundle.RunWriter) { r.Sent(lab.Sent{}) },
		"an event of no kind":          func(r *bundle.RunWriter) { r.Event(lab.Event{}) },
	} {
		dir := t.TempDir()
		r, err := create(t, dir).Run(1)
		if err != nil {
			t.Fatal(err)
		}
		put(r, record(1))
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		spoil(r)
		told := r.Err()
		if told == nil {
			t.Errorf("%s: Err tells nothing", reason)
		}
		if err := r.Close(record(1)); !errors.Is(err, told) {
			t.Errorf("%s: Close: %v, want what Err told: %v", reason, err, told)
		}
		if err := r.Close(record(1)); !errors.Is(err, told) {
			t.Errorf("%s: a second Close: %v, want it again", reason, err)
		}
		records, _, err := open(t, dir).Records()
		if err != nil {
			t.Fatalf("%s: Records: %v", reason, err)
		}
		want := record(1)
		want.Finished, want.Why = false, "its evidence is not whole: "+told.Error()
		if diff := cmp.Diff(want, records[0], cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: the record, -want +got\n%s", reason, diff)
		}
	}
}

func TestARowBehindTheEndIsAnErrorAndNotLost(t *testing.T) {
	r, err := create(t, t.TempDir()).Run(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(record(1)); err != nil {
		t.Fatal(err)
	}
	r.Event(lab.Event{Kind: lab.EventNote})
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Err after a row behind the end: %v, want that the run is closed", err)
	}
}

// On a real full disk, a file system of its own. What is there then are the first of all
// rows, none torn and none left out between two, even where the disk gets room again.
func TestAFullDisk(t *testing.T) {
	for _, room := range []bool{false, true} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
			t.Skipf("no file system of its own without root: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		makeRoom := func() {
			t.Helper()
			if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
				t.Fatal(err)
			}
		}
		w := create(t, dir)
		r, err := w.Run(1)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Begin(record(1)); err != nil {
			t.Fatal(err)
		}
		for i := 0; r.Err() == nil; i++ {
			if i < 10_000 {
				step(r, i)
			}
			runtime.Gosched()
		}
		if err := r.Err(); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("Err on a full disk: %v, want that it is full", err)
		}
		if room {
			makeRoom()
		}
		if err := r.Close(record(1)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Close after a full disk: %v, want that it was full", err)
		}
		if err := w.Put("verdict.json", make([]byte, 9<<20)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Put on a full disk: %v, want that it is full", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "verdict.json.new")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after Put on a full disk, its half file: %v, want it gone", err)
		}
		records, notes, err := open(t, dir).Records()
		if err != nil || len(records) != 1 || records[0].Finished {
			t.Fatalf("Records: %d, %v; want one run, unfinished", len(records), err)
		}
		if strings.Contains(strings.Join(notes, "\n"), "no whole line") {
			t.Errorf("notes %q, want no line torn", notes)
		}
		got := records[0]
		if len(got.Samples)+len(got.Sent)+len(got.Events) < 500 {
			t.Errorf("%d samples, %d arrivals, %d events are there, want a disk full of them", len(got.Samples), len(got.Sent), len(got.Events))
		}
		for i, s := range got.Samples {
			if s.Values[0] != float64(i) {
				t.Fatalf("sample %d is number %v", i, s.Values[0])
			}
		}
		for i, s := range got.Sent {
			if s.Number != int64(i) {
				t.Fatalf("arrival %d is number %d", i, s.Number)
			}
		}
		for i, e := range got.Events {
			if e.Text != strconv.Itoa(i) {
				t.Fatalf("event %d is number %s", i, e.Text)
			}
		}
		makeRoom()
		if err := w.Seal(lab.Aborted, "the disk is full", began); err != nil {
			t.Fatalf("Seal with room again: %v", err)
		}
		if lines, err := open(t, dir).Check(); err != nil || len(lines) > 0 {
			t.Errorf("Check of what was sealed: %q, %v; want nothing", lines, err)
		}
	}
}
