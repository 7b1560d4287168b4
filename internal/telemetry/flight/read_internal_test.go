package flight

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// recorded is a file as a killed writer leaves it.
func recorded() []byte {
	r, _, _ := Open("", Options{Memory: true})
	for i := range 20 {
		r.Sample(Sample{Used: int64(i)})
		r.Note(telemetry.Event{Kind: telemetry.Host, Text: "note"})
		r.Line("w1", "stdout", []byte("a line"))
	}
	r.Slot().Begin([]byte("GET"), []byte("/a"), 0)
	return slices.Clone(r.mem)
}

func TestADamagedFileGivesWhatIsLeftAndSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		why     string
		damage  func(b []byte) []byte
		kind    kind
		torn    string
		samples int
	}{
		{"nothing is wrong", func(b []byte) []byte { return b }, ours, "", 20},
		{"killed in the middle of a sample", func(b []byte) []byte { b[denseAt+5*sampleSize+30] ^= 1; return b }, ours, "1 records", 19},
		{"killed in the middle of a note", func(b []byte) []byte { b[notesAt+noteHead+1] ^= 1; return b }, ours, "1 records", 20},
		{"killed while a request began", func(b []byte) []byte { b[slotsAt] = writing; return b }, ours, "1 records", 20},
		{"a request's path was half-written", func(b []byte) []byte { b[slotsAt+slotHead+4] ^= 1; return b }, ours, "1 records", 20},
		{"cut short in the samples", func(b []byte) []byte { return b[:denseAt+7*sampleSize+3] }, ours, "ends after", 7},
		{"cut short in the header", func(b []byte) []byte { return b[:20] }, ours, "in its header", 0},
		{"another version", func(b []byte) []byte { b[headVersion]++; return b }, ours, "version 2", 0},
		{"a damaged header", func(b []byte) []byte { b[headPID] ^= 1; return b }, ours, "header is damaged", 0},
		{"empty", func([]byte) []byte { return nil }, blank, "", 0},
		{"allocated, and killed before the header", func(b []byte) []byte { clear(b); return b }, blank, "", 0},
		{"somebody's", func(b []byte) []byte { b[0] = 'X'; return b }, foreign, "", 0},
	} {
		got, kind := parse(test.damage(recorded()))
		// The first sample is in both rings: damaged in one, it is in the other.
		if kind != test.kind || len(got.Samples) != test.samples || (got.Torn == "") != (test.torn == "") || !strings.Contains(got.Torn, test.torn) {
			t.Errorf("parse, %s: kind %v, %d samples, torn %q; want %v, %d, %q", test.why, kind, len(got.Samples), got.Torn, test.kind, test.samples, test.torn)
		}
	}
}

func TestAClockThatIsSetDoesNotScrambleTheStory(t *testing.T) {
	r, _, _ := Open("", Options{Memory: true})
	// The wall clock is set back an hour after five samples, one a second.
	start := r.clock.wall
	for i := range 10 {
		wall := start.Add(time.Duration(i) * time.Second)
		if i >= 5 {
			wall = wall.Add(-time.Hour)
		}
		r.writeSample(denseAt+i*sampleSize, int64(i+1), r.clock.at(start)+int64(i)*int64(time.Second), &Sample{At: wall, Used: int64(i)})
	}
	got := r.Snapshot().Samples
	if len(got) != 10 {
		t.Fatalf("Snapshot: %d samples, want 10", len(got))
	}
	for i, s := range got {
		want := start.Add(time.Duration(i)*time.Second - time.Hour)
		if s.Used != int64(i) || s.At.Sub(want).Abs() > 0 {
			t.Errorf("sample %d: %d at %v, want %d at %v, by the clock as it was set last", i, s.Used, s.At, i, want)
		}
	}
}

func FuzzAFileOfAnyContentIsRead(f *testing.F) {
	whole := recorded()
	f.Add(whole[:denseAt+20*sampleSize], 0, byte(0))
	f.Add(whole[:headEnd], 10, byte(1))
	f.Add([]byte("STANCHFR"), 3, byte(2))
	f.Add([]byte{}, 0, byte(0))
	f.Fuzz(func(t *testing.T, start []byte, at int, flip byte) {
		// A short input stands in the place of a good file's start; and
		// somewhere a byte is wrong.
		for _, file := range [][]byte{start, append(slices.Clone(start), whole[min(len(start), len(whole)):]...)} {
			if len(file) > 0 {
				file[uint(at)%uint(len(file))] ^= flip
			}
			got, _ := parse(file)
			if len(got.Samples) > denseCount+thinCount || len(got.Notes) > noteCount || len(got.InFlight) > slotCount || len(got.Lines) > linesLen/lineHead {
				t.Errorf("parse: %d samples, %d notes, %d requests, %d lines, more than a file holds", len(got.Samples), len(got.Notes), len(got.InFlight), len(got.Lines))
			}
			for i := 1; i < len(got.InFlight); i++ {
				if got.InFlight[i].Age > got.InFlight[i-1].Age {
					t.Errorf("parse: request %d is older than the one before", i)
				}
			}
		}
	})
}
