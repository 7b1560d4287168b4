package trace_test

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/memory/trend/trace"
)

func read(text string) (all []trend.Sample, err error) {
	_, err = trace.Read(strings.NewReader(text), "t.csv", func(s trend.Sample) error {
		all = append(all, s)
		return nil
	})
	return all, err
}

func TestColumnsComeInAnyOrderAndGapsAreFilledFromAbove(t *testing.T) {
	got, err := read("\ufeffBytes,t_seconds,requests,generation\r\n100,0,5,a\r\n,1,6,a\r\n\r\n\"200\",2.5,,a\r\n1e3,0,0,b")
	if err != nil {
		t.Fatal(err)
	}
	a, b := got[0].Generation, got[2].Generation
	want := []trend.Sample{
		{Bytes: 100, Requests: 5, Generation: a},
		{At: 2500 * time.Millisecond, Bytes: 200, Requests: 6, Generation: a},
		{Bytes: 1000, Generation: b},
	}
	if diff := cmp.Diff(want, got); diff != "" || a == b {
		t.Errorf("Read (-want +got), generations %d and %d:\n%s", a, b, diff)
	}
}

func TestABadTraceGetsOneClearLine(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"empty", "", "t.csv: is empty"},
		{"only a first line", "t_seconds,bytes\n", "t.csv: has no rows below its first line"},
		{"one row", "t_seconds,bytes\n0,1\n", "t.csv: has one row, and a trend takes two at least"},
		{"no first line", "0,1\n1,2\n", `t.csv: line 1 has the unknown column "0"`},
		{"a column too few", "t_seconds\n0\n", "t.csv: line 1 does not name the column bytes"},
		{"a column twice", "t_seconds,bytes,bytes\n", "t.csv: line 1 names the column bytes twice"},
		{"NaN", "t_seconds,bytes\n0,1\n1,NaN\n", `t.csv: line 3 has "NaN" for bytes, which is no number`},
		{"infinite", "t_seconds,bytes\n0,+Inf\n", `t.csv: line 2 has "+Inf" for bytes, which is no number`},
		{"a word", "t_seconds,bytes\n0,12MB\n", `t.csv: line 2 has "12MB" for bytes, which is no number`},
		{"negative", "t_seconds,bytes\n0,-5\n", `t.csv: line 2 has "-5" for bytes, which is negative`},
		{"unsorted", "t_seconds,bytes\n5,1\n3,1\n", "t.csv: line 3 has the time 3 after 5"},
		{"milliseconds", "t_seconds,bytes\n1700000000000,1\n", `t.csv: line 2 has "1700000000000" for t_seconds, which is no time in seconds`},
		{"a cell too few", "t_seconds,bytes\n5\n", "t.csv: line 2 has 1 cells, and the first line names 2 columns"},
		{"a cell too many", "t_seconds,bytes\n5,1,7\n", "t.csv: line 2 has 3 cells, and the first line names 2 columns"},
		{"no time", "t_seconds,bytes\n,1\n", "t.csv: line 2 has no t_seconds"},
		{"too large", "t_seconds,bytes\n0,1e300\n", `t.csv: line 2 has "1e300" for bytes, which is too large`},
		{"a line without end", "t_seconds,bytes\n" + strings.Repeat("1", 70000), "t.csv: line 2 is longer than 65536 bytes"},
	} {
		_, err := read(row.text)
		if err == nil {
			t.Errorf("%s: Read gave no error, want %q", row.why, row.want)
			continue
		}
		got, hint, hinted := strings.Cut(err.Error(), "\n")
		if got != row.want || hinted && !strings.HasPrefix(hint, "hint: ") {
			t.Errorf("%s: Read gave %q, want %q and perhaps a hint", row.why, err, row.want)
		}
	}
}

func TestErrorsOfTheFileAndOfWhoReadsComeBack(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := trace.Read(io.MultiReader(strings.NewReader("t_seconds,bytes\n0,1\n"), bad{broken}), "t.csv", func(trend.Sample) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("Read gave %v, want the file's error", err)
	}
	enough := errors.New("enough")
	if rows, err := trace.Read(strings.NewReader("t_seconds,bytes\n0,1\n1,1\n"), "t.csv", func(trend.Sample) error { return enough }); !errors.Is(err, enough) || rows != 1 {
		t.Errorf("Read gave %d, %v; want 1 and the caller's error", rows, err)
	}
}

type bad struct{ err error }

func (b bad) Read([]byte) (int, error) { return 0, b.err }

func TestALongTraceTakesNoMoreMemoryThanAShortOne(t *testing.T) {
	allocations := func(rows int) float64 {
		return testing.AllocsPerRun(1, func() {
			_, _ = trace.Read(&endless{left: rows}, "t.csv", func(trend.Sample) error { return nil })
		})
	}
	few, many := allocations(1000), allocations(200_000)
	if many > few+50 {
		t.Errorf("Read allocates %.0f times for 1000 rows and %.0f for 200,000, want the same", few, many)
	}
}

// endless is a trace of so many rows that is nowhere.
type endless struct {
	left, at int
	text     []byte
	room     [64]byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.text) == 0 {
		switch {
		case e.at == 0:
			e.text = append(e.room[:0], "t_seconds,bytes\n"...)
		case e.at > e.left:
			return 0, io.EOF
		default:
			e.text = append(strconv.AppendInt(e.room[:0], int64(e.at), 10), ",104857600\n"...)
		}
		e.at++
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

func FuzzWhatIsReadIsInOrderAndNotNegative(f *testing.F) {
	f.Add("t_seconds,bytes\n0,1\n1,2\n")
	f.Add("t_seconds,bytes,requests,heap_bytes,inflight,generation\n0,1,2,3,4,a\n0,1,2,3,4,b\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := read(text)
		if err == nil && len(got) < 2 {
			t.Errorf("Read gave %d samples and no error", len(got))
		}
		for i, s := range got {
			if s.Bytes < 0 || s.Requests < 0 || s.Heap < 0 || s.InFlight < 0 {
				t.Errorf("sample %d is negative: %+v", i, s)
			}
			if i > 0 && s.Generation == got[i-1].Generation && s.At < got[i-1].At {
				t.Errorf("sample %d is before the one above", i)
			}
		}
	})
}
