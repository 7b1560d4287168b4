package rows_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/rows"
)

var nan = math.NaN()

func write[T any](t *testing.T, form rows.Form[T], all ...T) string {
	t.Helper()
	text := []byte(form.Header + "\n")
	for _, row := range all {
		var err error
		if text, err = form.Append(text, row); err != nil {
			t.Fatalf("Append(%+v): %v", row, err)
		}
	}
	return string(text)
}

func read[T any](t *testing.T, form rows.Form[T], text string) []T {
	t.Helper()
	all, torn, err := rows.Read("it.csv", strings.NewReader(text), form)
	if err != nil || torn != 0 {
		t.Fatalf("Read(%q): %d bytes torn, %v", text, torn, err)
	}
	return all
}

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	samples := []lab.Sample{
		{At: -1.25, Values: [10]float64{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}, Limit: nan, Stolen: nan},
		{At: 0.1 + 0.2, Generation: 3, Values: [10]float64{1e9, 2, 3, 4, 5, nan, 7, 8, 9, 0}, Limit: 512 << 20, Stolen: 0.015},
	}
	if diff := cmp.Diff(samples, read(t, rows.Samples(), write(t, rows.Samples(), samples...)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("samples, -written +read\n%s", diff)
	}
	sent := []lab.Sent{
		{Due: 1, At: 1.001, Done: 2.5, Stream: "orders", Number: 1, Key: 7, Status: 503, Request: true},
		{Due: 2, At: nan, Done: nan, Stream: "orders", Number: 2, Lost: "not begun: \"full\", a\\b\r\n\tend\x00 ", Request: true},
		{Due: 3, At: 3, Done: nan, Stream: "größe,\"x\"", Number: 0, Lost: " "},
	}
	if diff := cmp.Diff(sent, read(t, rows.Sent(), write(t, rows.Sent(), sent...)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("sent, -written +read\n%s", diff)
	}
	events := []lab.Event{
		{At: 0, Kind: lab.EventPhase, Text: "load"},
		{At: 0, Kind: lab.EventStarted, Text: "second of its moment", Generation: 1},
		{At: 7.5, Kind: lab.EventExited, Generation: 2, Code: 137, Text: "line\nline"},
	}
	text := write(t, rows.Events(), events...)
	if diff := cmp.Diff(events, read(t, rows.Events(), text)); diff != "" {
		t.Errorf("events, -written +read\n%s", diff)
	}
	if lines := strings.Count(text, "\n"); lines != 1+len(events) {
		t.Errorf("%d events take %d lines, want one each and the header:\n%s", len(events), lines, text)
	}
}

func TestRequestsAndEventsAreReadInTheOrderOfTheirTime(t *testing.T) {
	text := write(t, rows.Sent(),
		lab.Sent{Due: 2, At: 2, Done: 2.1, Stream: "b", Number: 1},
		lab.Sent{Due: 1, At: 1, Done: 2.2, Stream: "b"},
		lab.Sent{Due: 1, At: 1, Done: 9, Stream: "a"})
	var got []string
	for _, s := range read(t, rows.Sent(), text) {
		got = append(got, s.Stream)
	}
	if want := "a b b"; strings.Join(got, " ") != want {
		t.Errorf("streams in the order read: %v, want %s: by due, then stream", got, want)
	}
	events := read(t, rows.Events(), write(t, rows.Events(), lab.Event{At: 2, Kind: lab.EventRest}, lab.Event{At: 1, Kind: lab.EventPhase}))
	if events[0].Kind != lab.EventPhase {
		t.Errorf("the first event read is %v, want the earlier one", events[0])
	}
}

func TestWhatCouldNotBeReadBackIsNotWritten(t *testing.T) {
	inf := math.Inf(1)
	for reason, sample := range map[string]lab.Sample{
		"no time":          {At: nan},
		"an infinite time": {At: inf},
		"minus bytes":      {Values: [10]float64{-1}},
		"infinite bytes":   {Limit: inf},
		"a generation < 0": {Generation: -1},
		"a negative share": {Stolen: -0.1},
	} {
		if text, err := rows.Samples().Append(nil, sample); err == nil || text != nil {
			t.Errorf("%s: Append(%+v) = %q, %v; want an error and nothing", reason, sample, text, err)
		}
	}
	for reason, sent := range map[string]lab.Sent{
		"no due":               {Due: nan, Stream: "a"},
		"no stream":            {},
		"done but never begun": {At: nan, Done: 1, Stream: "a"},
		"done before begun":    {At: 2, Done: 1, Stream: "a"},
		"an infinite end":      {Done: inf, Stream: "a"},
		"a number below 0":     {Number: -1, Stream: "a"},
		"no such status":       {Status: 99, Stream: "a"},
	} {
		if text, err := rows.Sent().Append(nil, sent); err == nil || text != nil {
			t.Errorf("%s: Append(%+v) = %q, %v; want an error and nothing", reason, sent, text, err)
		}
	}
	for reason, event := range map[string]lab.Event{
		"no kind":          {},
		"a kind of spaces": {Kind: "a b"},
		"no time":          {At: nan, Kind: lab.EventNote},
		"a generation < 0": {Kind: lab.EventNote, Generation: -1},
	} {
		if text, err := rows.Events().Append(nil, event); err == nil || text != nil {
			t.Errorf("%s: Append(%+v) = %q, %v; want an error and nothing", reason, event, text, err)
		}
	}
}

func TestJunkIsRefusedWithItsFileAndLine(t *testing.T) {
	good := "0,1,1,2,3,4,5,6,7,8,9,10,512,0"
	for _, tc := range []struct{ reason, line, want string }{
		{"NaN is an empty field", "NaN,1,1,2,3,4,5,6,7,8,9,10,512,0", "is no number"},
		{"nothing is infinite", "0,1,+Inf,2,3,4,5,6,7,8,9,10,512,0", "is no number"},
		{"too large for a number", "0,1,1e999,2,3,4,5,6,7,8,9,10,512,0", "is no number"},
		{"less than nothing", "0,1,-5,2,3,4,5,6,7,8,9,10,512,0", "used: -5 is no amount"},
		{"another spelling", "0,1,1.0,2,3,4,5,6,7,8,9,10,512,0", "spelt otherwise"},
		{"another spelling", "0,01,1,2,3,4,5,6,7,8,9,10,512,0", "spelt otherwise"},
		{"needless quotes", `0,1,"1",2,3,4,5,6,7,8,9,10,512,0`, "spelt otherwise"},
		{"an open quote", `0,1,"1,2,3,4,5,6,7,8,9,10,512,0`, "not closed"},
		{"text behind a quote", `0,1,"1"x,2,3,4,5,6,7,8,9,10,512,0`, "behind a closed quote"},
		{"a field is missing", "0,1,1,2,3,4,5,6,7,8,9,10,512", "13 fields"},
		{"an empty line", "", "1 fields"},
		{"no time", ",1,1,2,3,4,5,6,7,8,9,10,512,0", "has to have its time"},
		{"the line's end of Windows", good + "\r", "stolen"},
		{"it runs backwards", "-1,1,1,2,3,4,5,6,7,8,9,10,512,0", "earlier than the row before"},
		{"no whole number", "0,x,1,2,3,4,5,6,7,8,9,10,512,0", "generation"},
	} {
		text := rows.Samples().Header + "\n" + good + "\n" + tc.line + "\n"
		_, _, err := rows.Read("runs/01/samples.csv", strings.NewReader(text), rows.Samples())
		if err == nil || !strings.HasPrefix(err.Error(), "runs/01/samples.csv, line 3: ") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Read of %q: %v; want the file, line 3 and %q", tc.reason, tc.line, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has several lines: %v", tc.reason, err)
		}
	}
	for _, tc := range []struct{ reason, text, want string }{
		{"no header", good + "\n", "line 1"},
		{"a line without an end in sight", rows.Samples().Header + "\n" + strings.Repeat("1", 1<<20), "line 2: it is longer"},
	} {
		if _, _, err := rows.Read("it.csv", strings.NewReader(tc.text), rows.Samples()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", tc.reason, err, tc.want)
		}
	}
	for _, tc := range []struct{ reason, line, want string }{
		{"an escape of nothing", `0,1,2,a,0,0,0,true,x\q`, "stands before nothing"},
		{"an escape that has a name", `0,1,2,a,0,0,0,true,\x0a`, "spelt otherwise"},
		{"an escape of no character", `0,1,2,a,0,0,0,true,\xzz`, "no character"},
		{"neither true nor false", `0,1,2,a,0,0,0,1,`, "neither"},
		{"done before it was begun", `0,3,2,a,0,0,0,true,`, "before it was begun"},
		{"not UTF-8", "0,1,2,\xff,0,0,0,true,", "spelt otherwise"},
	} {
		if _, err := rows.Sent().Parse(tc.line); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Parse(%q): %v, want an error with %q", tc.reason, tc.line, err, tc.want)
		}
	}
}

func TestAFileOfTooManyRowsOrBytesIsRefused(t *testing.T) {
	few, short := rows.Events(), rows.Events()
	few.Most, short.MostBytes = 1, 60
	text := write(t, rows.Events(), lab.Event{At: 1, Kind: lab.EventPhase, Text: "load"}, lab.Event{At: 2, Kind: lab.EventRest, Text: "load"})
	for want, form := range map[string]rows.Form[lab.Event]{"more than 1 rows": few, "longer than 60": short} {
		if _, _, err := rows.Read("it.csv", strings.NewReader(text), form); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read of %d bytes: %v, want an error with %q", len(text), err, want)
		}
	}
}

func TestALastLineWithoutAnEndIsLeftOutAndTold(t *testing.T) {
	events := []lab.Event{{At: 1, Kind: lab.EventPhase, Text: "load"}, {At: 2, Kind: lab.EventRest}}
	text := write(t, rows.Events(), events...)
	whole := []int{strings.Index(text, "\n") + 1, strings.LastIndex(text[:len(text)-1], "\n") + 1, len(text)}
	for end := range text {
		all, torn, err := rows.Read("it.csv", strings.NewReader(text[:end]), rows.Events())
		want, from := 0, 0
		for i, at := range whole {
			if at <= end {
				want, from = i, at
			}
		}
		if err != nil || len(all) != want || torn != end-from {
			t.Errorf("Read of the first %d bytes: %d rows, %d torn, %v; want %d rows and %d", end, len(all), torn, err, want, end-from)
		}
	}
}

func TestATextThatIsTooLongIsCut(t *testing.T) {
	for reason, text := range map[string]string{
		"letters":         strings.Repeat("a", 1<<20),
		"two bytes each":  strings.Repeat("é", 1<<20),
		"just too long":   strings.Repeat("é", 4095) + "abc",
		"not UTF-8":       strings.Repeat("a\xff", 1<<20),
		"grows as it is":  strings.Repeat("a\xff", 3000),
		"all escaped":     strings.Repeat("\x01", 1<<20),
		"as long as goes": strings.Repeat("a", 8<<10),
	} {
		written := write(t, rows.Events(), lab.Event{Kind: lab.EventNote, Text: text})
		got := read(t, rows.Events(), written)[0].Text
		if len(got) > 8<<10 || len(got) < 8<<10-8 {
			t.Errorf("%s: %d bytes of %d are read back, want about 8 KiB", reason, len(got), len(text))
		}
		if again := write(t, rows.Events(), lab.Event{Kind: lab.EventNote, Text: got}); again != written {
			t.Errorf("%s: what is read is written otherwise", reason)
		}
	}
}

func FuzzWhatReadsPrintsBack(f *testing.F) {
	f.Add("0,1,1,2,3,4,5,6,7,8,9,10,512,0")
	f.Add(`0,1,2,"a,""b""\\",0,0,200,true,\n`)
	f.Add("1.5,exited,2,137,killed")
	f.Fuzz(func(t *testing.T, text string) {
		prints(t, rows.Samples(), text)
		prints(t, rows.Sent(), text)
		prints(t, rows.Events(), text)
	})
}

func prints[T any](t *testing.T, form rows.Form[T], text string) {
	row, err := form.Parse(text)
	if err == nil {
		back, err := form.Append(nil, row)
		if err != nil || string(back) != text+"\n" {
			t.Errorf("Parse(%q) prints back as %q, %v", text, back, err)
		}
	}
	if _, _, err := rows.Read("f", strings.NewReader(form.Header+"\n"+text), form); err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("Read(%q): an error of several lines: %v", text, err)
	}
}

func FuzzWhatIsWrittenReadsTheSame(f *testing.F) {
	f.Add(1.5, 2.0, 3.0, "orders", "why \"x\"", int64(3), 7, 200, true)
	f.Add(math.NaN(), math.Inf(-1), math.Copysign(0, -1), "a\nb", "\\\x00\xff", int64(-3), -7, 99, false)
	f.Fuzz(func(t *testing.T, a, b, c float64, stream, lost string, number int64, key, status int, request bool) {
		wrote(t, rows.Samples(), lab.Sample{At: a, Generation: key, Values: [10]float64{b, c, nan, b + c, a * b}, Limit: c, Stolen: b})
		wrote(t, rows.Sent(), lab.Sent{Due: a, At: b, Done: c, Stream: strings.ToValidUTF8(stream, "?"), Number: number, Key: key, Status: status, Lost: strings.ToValidUTF8(lost, "?"), Request: request})
		wrote(t, rows.Events(), lab.Event{At: a, Kind: lab.EventKind(stream), Text: strings.ToValidUTF8(lost, "?"), Generation: key, Code: status})
	})
}

func wrote[T any](t *testing.T, form rows.Form[T], row T) {
	line, err := form.Append(nil, row)
	if err != nil || len(line) > 4000 {
		return // it was refused, or may have been cut
	}
	got, err := form.Parse(strings.TrimSuffix(string(line), "\n"))
	if err != nil {
		t.Errorf("Append(%+v) wrote %q, which does not read: %v", row, line, err)
	} else if diff := cmp.Diff(row, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("Append wrote %q: -written +read\n%s", line, diff)
	}
}
