package gauge

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStatLinesAreReadWhateverACommandIsCalled(t *testing.T) {
	const rest = " 10 42 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1000 50 18446744073709551615"
	want := stat{pid: 42, parent: 10, group: 42, session: 7, threads: 3, born: 987654}
	for _, row := range []struct{ line, reason string }{
		{"42 (python3) S" + rest, "an ordinary one"},
		{"42 (a b) c) R 1 2 3) S" + rest, "brackets and blanks in the command"},
		{"42 (\n) S" + rest + "\n", "a newline in the command"},
		{"42 () S" + rest, "no command"},
	} {
		got, ok := parseStat([]byte(row.line))
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(stat{})); diff != "" || !ok {
			t.Errorf("%s: parseStat() = %v: want (-), got (+):\n%s", row.reason, ok, diff)
		}
	}
	for _, line := range []string{"", "42", "42 (x", "42 x) S" + rest, "(x) S" + rest, "42 (x) S 1 2 3", "42 (x) S -1" + rest[3:], "-1 (x) S" + rest} {
		if got, ok := parseStat([]byte(line)); ok {
			t.Errorf("parseStat(%q) = %+v, want it refused", line, got)
		}
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("42 (a b) c) S 10 42 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1000 50"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := parseStat(b)
		if !ok {
			return
		}
		state := "S"
		if s.zombie {
			state = "Z"
		}
		line := fmt.Sprintf("%d (x) %s %d %d %d 0 0 0 0 0 0 0 0 0 0 0 0 0 %d 0 %d", s.pid, state, s.parent, s.group, s.session, s.threads, s.born)
		if again, ok := parseStat([]byte(line)); !ok || again != s {
			t.Fatalf("read %+v, printed %q, read again %+v, %v", s, line, again, ok)
		}
	})
}

func FuzzStatm(f *testing.F) {
	f.Add([]byte("5000 400 300 10 0 90 0\n"))
	f.Add([]byte("1 2 3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		size, resident, shared, ok := parseStatm(b)
		if !ok {
			return
		}
		line := fmt.Sprintf("%d %d %d 0\n", size, resident, shared)
		if s, r, h, ok := parseStatm([]byte(line)); !ok || s != size || r != resident || h != shared {
			t.Fatalf("read %d %d %d from %q, printed and read again %d %d %d, %v", size, resident, shared, b, s, r, h, ok)
		}
		if resident*pageSize < 0 || size < 0 || shared < 0 {
			t.Fatalf("read %d %d %d from %q", size, resident, shared, b)
		}
	})
}

func TestRollupCountsWhatIsPrivateAndWhatIsShared(t *testing.T) {
	const text = `55d0c8a00000-7ffd5a3fe000 ---p 00000000 00:00 0                          [rollup]
Rss:              134560 kB
Pss:               98304 kB
Pss_Dirty:         90000 kB
Pss_Anon:          65536 kB
Pss_File:          32768 kB
Pss_Shmem:             0 kB
Shared_Clean:       4096 kB
Shared_Dirty:      40960 kB
Private_Clean:       512 kB
Private_Dirty:     81920 kB
Referenced:       134560 kB
Anonymous:        122880 kB
KSM:                   0 kB
LazyFree:              0 kB
AnonHugePages:         0 kB
`
	want := rollup{pss: 98304 << 10, pssAnon: 65536 << 10, private: (512 + 81920) << 10, anonymous: 122880 << 10}
	if got := parseRollup([]byte(text)); got != want {
		t.Errorf("parseRollup() = %+v, want %+v", got, want)
	}
	old := parseRollup([]byte("Pss:  100 kB\nAnonymous: 40 kB\nPrivate_Dirty: x kB\nPrivate_Clean: -1 kB\nRss: 1 MB\n"))
	if want := (rollup{pss: 100 << 10, pssAnon: 40 << 10, anonymous: 40 << 10}); old != want {
		t.Errorf("parseRollup() without Pss_Anon = %+v, want %+v: nothing taken as shared", old, want)
	}
}

func FuzzRollup(f *testing.F) {
	f.Add([]byte("Pss: 100 kB\nPss_Anon: 50 kB\nAnonymous: 80 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := parseRollup(b)
		text := fmt.Appendf(nil, "Pss: %d kB\nPss_Anon: %d kB\nAnonymous: %d kB\nPrivate_Dirty: %d kB\n", r.pss>>10, r.pssAnon>>10, r.anonymous>>10, min(r.private>>10, 1<<42))
		if again := parseRollup(text); r.private>>10 <= 1<<42 && again != r {
			t.Fatalf("read %+v, printed %q, read again %+v", r, text, again)
		}
		if r.pss < 0 || r.pssAnon < 0 || r.private < 0 || r.anonymous < 0 {
			t.Fatalf("read %+v from %q", r, b)
		}
	})
}

// A sample prints back to a line that reads the same, and no answer makes a
// heap negative.
func FuzzPrometheus(f *testing.F) {
	f.Add([]byte("# HELP x y\ngo_memstats_heap_alloc_bytes 1.5e+06\n"))
	f.Add([]byte("jvm_memory_used_bytes{area=\"heap\",id=\"G1 \\\"Old\\\" }Gen\",} 9.6820924E8 1625048430\n"))
	f.Add([]byte("a{b=\"c\\\\\"} NaN\nb -1\nc{ +Inf\nd{e=\"\n# EOF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; ; {
			s, after, ok := nextSample(rest)
			if !ok {
				break
			}
			rest = after
			if math.IsNaN(s.value) || math.IsInf(s.value, 0) || len(s.name) == 0 {
				t.Fatalf("sample %q %v", s.name, s.value)
			}
			line := string(s.name)
			if s.labels != nil {
				line += "{" + string(s.labels) + "}"
			}
			line += " " + strconv.FormatFloat(s.value, 'g', -1, 64)
			again, ok := parseSample([]byte(line))
			if !ok || string(again.name) != string(s.name) || string(again.labels) != string(s.labels) || again.value != s.value || again.label("area") != s.label("area") {
				t.Fatalf("read %q{%q} %v, printed %q, read again %q{%q} %v, %v", s.name, s.labels, s.value, line, again.name, again.labels, again.value, ok)
			}
		}
		if h := read(b).heap(); h.Live < 0 || h.Committed < 0 || h.GCs < 0 {
			t.Fatalf("heap %+v from %q", h, b)
		}
	})
}

func TestProcessorTimeIsThatOfTheProcessAndItsChildren(t *testing.T) {
	const line = "42 (a) b) S 10 42 7 0 -1 4194560 1 2 3 4 150 50 20 5 20 0 3 0 987654 1000 50"
	if got, ok := parseProcessor([]byte(line)); got != 2250*time.Millisecond || !ok {
		t.Errorf("parseProcessor(%q) = %v, %v; want 2.25s: 225 ticks of 10 ms", line, got, ok)
	}
	for _, line := range []string{"", "42 (a) S 1 2 3", "42 (a) S 10 42 7 0 -1 4194560 1 2 3 4 x 50 20 5 20"} {
		if got, ok := parseProcessor([]byte(line)); ok {
			t.Errorf("parseProcessor(%q) = %v, want it refused", line, got)
		}
	}
}
