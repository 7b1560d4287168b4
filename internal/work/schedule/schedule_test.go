package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/schedule"
)

func parse(t *testing.T, text string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return s
}

func TestATextMeansWhatNCrontabReads(t *testing.T) {
	for _, row := range []struct{ text, want, why string }{
		{"0 */5 * * * *", "0 0,5,10,15,20,25,30,35,40,45,50,55 * * * *", "a step over all"},
		{"*/5 * * * *", "0 0,5,10,15,20,25,30,35,40,45,50,55 * * * *", "five fields, as Azure takes them"},
		{"  0  0  0  *  *  *  ", "0 0 0 * * *", "spaces do not count"},
		{"0 0 9-17 * * MON-FRI", "0 0 9-17 * * 1-5", "ranges, of names too"},
		{"0 0 0 1 jan,JULY sunday", "0 0 0 1 1,7 0", "names in any case, short or whole"},
		{"0 0 0 * ju t", "0 0 0 * 6 2", "the first name that begins so"},
		{"0 0 0 * m m", "0 0 0 * 3 1", "March and Monday"},
		{"0 50/5 * * * *", "0 50,55 * * * *", "a step from a value goes to the end"},
		{"0 10-20/4 * * * *", "0 10,14,18 * * * *", "a step through a range"},
		{"0 0 22-2 * * *", "0 0 2-22 * * *", "a range backwards is turned round"},
		{"0 0 0 * * FRI-MON", "0 0 0 * * 1-5", "of names too"},
		{"0 1,1,1-2 * * * *", "0 1-2 * * * *", "what is listed twice counts once"},
		{"00:05:00", "0.00:05:00", "an interval"},
		{"12:30", "0.12:30:00", "hours and minutes"},
		{"1.02:03:04", "1.02:03:04", "with days"},
		{"1:02:03:04", "1.02:03:04", "with days after a colon"},
		{"1.02:03", "1.02:03:00", "days, hours, minutes"},
		{"24:00:00", "24.00:00:00", "24 at the front is days"},
		{"23:59:59", "0.23:59:59", "23 is not"},
		{"2", "2.00:00:00", "a number alone is days"},
		{"00:00:00.5", "0.00:00:00.5000000", "fractions"},
	} {
		s := parse(t, row.text)
		if got := s.Text(); got != row.want {
			t.Errorf("Parse(%q).Text() = %q, want %q: %s", row.text, got, row.want, row.why)
		}
		if again := parse(t, s.Text()); again != s {
			t.Errorf("Parse(%q) = %v after printing, want %v", s.Text(), again, s)
		}
	}
}

func TestAMistakeIsShownWhereItIs(t *testing.T) {
	for _, row := range []struct {
		text   string
		column int
		part   string // of the message
	}{
		{"", 1, "empty"},
		{"   ", 1, "empty"},
		{"* * * *", 7, "it has 4"},
		{"* * * * * * *", 13, "it has 7"},
		{"0 0 0 * * 7", 11, "Sunday is 0"},
		{"0 60 * * * *", 3, `"60" is no value of the field minute`},
		{"0 0 0 0 * *", 7, `"0" is no value of the field day`},
		{"0 0 0 * 13 *", 9, "names from January"},
		{"0 0 1,2,x * * *", 9, `"x" is no value of the field hour`},
		{"0 0 1, * * *", 7, "lacks a value"},
		{"0 0 ,1 * * *", 5, "lacks a value"},
		{"0 1- * * * *", 5, "lacks a value"},
		{"0 -1 * * * *", 3, "lacks a value"},
		{"0 */0 * * * *", 5, "no step"},
		{"0 */ * * * *", 5, "no step"},
		{"0 */-5 * * * *", 5, "no step"},
		{"0 *-5 * * * *", 3, `"*" is no value`},
		{"0 0 0 ? * *", 7, "other kinds of cron"},
		{"0 0 0 L * *", 7, "other kinds of cron"},
		{"0 0 0 * Januaryy *", 9, `"Januaryy"`},
		{"0\t*/5 * * * *", 1, "no value of the field"},
		{"0 99999999999999999999 * * * *", 3, "no value"},
		{"00:00:00", 1, "can't be due"},
		{"-00:05:00", 1, "can't be due"},
		{"00:60:00", 1, "59 minutes"},
		{"24:00", 1, "23 hours"},
		{"999999999:00:00", 1, "290 years"},
		{"hourly", 1, "neither fields nor a TimeSpan"},
		{"1:2:3:4:5", 1, "neither fields"},
		{"00:00:00.12345678", 1, "neither fields"},
		{strings.Repeat("0 ", 2000), 1, "4000 bytes"},
		{"0 0 0 * * \x00", 11, "no value"},
	} {
		_, err := schedule.Parse(row.text)
		var mistake *schedule.Error
		if !errors.As(err, &mistake) {
			t.Errorf("Parse(%q): error %v, want a *schedule.Error", row.text, err)
			continue
		}
		if mistake.Column != row.column || !strings.Contains(err.Error(), row.part) {
			t.Errorf("Parse(%q): column %d, %v; want column %d and %q", row.text, mistake.Column, err, row.column, row.part)
		}
		if schedule.Traps(row.text) != nil {
			t.Errorf("Traps(%q) of a text that is not sound, want none", row.text)
		}
	}
}

func TestAMistakePrintsWithItsPlaceMarked(t *testing.T) {
	_, err := schedule.Parse("0 0 0 * 13 *")
	want := `schedule: "13" is no value of the field month
  0 0 0 * 13 *
          ^
hint: 1 to 12, *, lists as in 1,2, ranges as in 1-3, steps as in */2, and names from January to December`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("Parse: error (-want +got)\n%s", diff)
	}
}

func TestWhatAzureReadsOtherwiseThanOneThinksIsTold(t *testing.T) {
	for _, row := range []struct{ text, part string }{
		{"0 0 22-2 * * *", "22-23,0-2"},
		{"24:00:00", "24 days"},
		{"5", "5 days"},
		{"0 0 0 31 2 *", "never due"},
		{"*/5 * * * *", `"0 */5 * * * *"`},
		{"0 */5 * * * *", ""},
		{"00:05:00", ""},
	} {
		var text string
		for _, trap := range schedule.Traps(row.text) {
			text += trap.Error()
		}
		if (row.part == "") != (text == "") || !strings.Contains(text, row.part) {
			t.Errorf("Traps(%q) = %q, want %q", row.text, text, row.part)
		}
	}
}

func TestASchedulePrintsInWords(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"* * * * * *", "every second"},
		{"*/10 * * * * *", "every 10 seconds"},
		{"0 * * * * *", "every minute"},
		{"30 * * * * *", "at second 30 of every minute"},
		{"0 */5 * * * *", "every 5 minutes"},
		{"0 */7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"},
		{"0 0 * * * *", "every hour"},
		{"0 30 * * * *", "every hour at minute 30"},
		{"0 0 */2 * * *", "every 2 hours"},
		{"0 30 9 * * *", "at 09:30 every day"},
		{"15 30 9,17 * * *", "at 09:30:15 and 17:30:15 every day"},
		{"0 30 9 * * 1-5", "at 09:30 on Monday to Friday"},
		{"0 30 9 1,15 * *", "at 09:30 on days 1 and 15 of the month"},
		{"0 0 0 1-7 1,7 mon", "at 00:00 on days 1 to 7 of the month if a Monday in January and July"},
		{"0 */5 9-17 * * *", "every 5 minutes of hours 9 to 17 every day"},
		{"0 5-10 * * * *", "at minutes 5 to 10 of every hour"},
		{"59 59 23 31 12 *", "at 23:59:59 on day 31 of the month in December"},
		{"0 0 0 30 2 *", "never"},
		{"00:30:00", "every 30 minutes"},
		{"01:00:00", "every hour"},
		{"01:30:00", "every 1 hour and 30 minutes"},
		{"24:00:00", "every 24 days"},
	} {
		if got := parse(t, row.text).String(); got != row.want {
			t.Errorf("Parse(%q).String() = %q, want %q", row.text, got, row.want)
		}
	}
}

func TestATickOftenerThanEachMinuteIsNotRemembered(t *testing.T) {
	for _, row := range []struct {
		text string
		want bool
	}{
		{"*/10 * * * * *", false},
		{"0,30 * * * * *", false},
		{"0 * * * * *", true},
		{"*/10 5 * * * *", true}, // with a field above seconds Azure remembers
		{"00:00:59", false},
		{"00:01:00", true},
	} {
		if got := parse(t, row.text).Persistent(); got != row.want {
			t.Errorf("Parse(%q).Persistent() = %v, want %v", row.text, got, row.want)
		}
	}
}

func TestATimerThatMissedATickIsPastDue(t *testing.T) {
	s := parse(t, "0 0 * * * *")
	last := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		now  time.Time
		want bool
	}{
		{last, false},
		{last.Add(time.Hour - 1), false},
		{last.Add(time.Hour), true},
		{last.Add(100 * time.Hour), true},
	} {
		due, missed := s.Missed(last, row.now)
		if missed != row.want || missed && !due.Equal(last.Add(time.Hour)) {
			t.Errorf("Missed(%v, %v) = %v, %v, want %v", last, row.now, due, missed, row.want)
		}
	}
	if due, missed := parse(t, "0 0 0 31 2 *").Missed(last, last.AddDate(100, 0, 0)); missed {
		t.Errorf("Missed of a timer that is never due = %v, want none", due)
	}
}

func TestSpansAreReadAsDotNetReadsThem(t *testing.T) {
	for _, row := range []struct {
		text string
		want time.Duration
	}{
		{"00:00:00", 0},
		{"00:05:00", 5 * time.Minute},
		{" 00:05:00 ", 5 * time.Minute},
		{"-00:00:01", -time.Second},
		{"1.00:00:00", 24 * time.Hour},
		{"00:00:00.0000001", 100},
		{"100:00:00", 100 * 24 * time.Hour},
	} {
		got, err := schedule.ParseSpan(row.text)
		if err != nil || got != row.want {
			t.Errorf("ParseSpan(%q) = %v, %v, want %v", row.text, got, err, row.want)
		}
	}
	if got, err := schedule.ParseSpan("5 minutes"); err == nil {
		t.Errorf("ParseSpan of words = %v, want an error", got)
	}
}

func FuzzWhatParsesPrintsAndParsesToTheSame(f *testing.F) {
	for _, seed := range []string{"0 */5 * * * *", "* * * * *", "0 0 0 29 2 1", "24:00:00", "1.02:03:04.5", "0 0 22-2 * jan mon-fri", "0 0 0 ? * L"} {
		f.Add(seed)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Skip(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedule.Parse(text)
		if err != nil {
			var mistake *schedule.Error
			if !errors.As(err, &mistake) || mistake.Column < 1 || mistake.Column > len(text)+1 {
				t.Fatalf("Parse(%q): %v is no mistake within the text", text, err)
			}
			return
		}
		again, err := schedule.Parse(s.Text())
		if err != nil || again != s {
			t.Fatalf("Parse(%q) = %v; printed %q, which parses to %v, %v", text, s, s.Text(), again, err)
		}
		if s.String() == "" {
			t.Errorf("Parse(%q) has no words", text)
		}
		for _, loc := range []*time.Location{time.UTC, berlin} {
			after := time.Date(2072, 12, 31, 23, 59, 59, 5, loc)
			if next := s.Next(after); !next.IsZero() && !next.After(after) {
				t.Errorf("Parse(%q).Next(%v) = %v, want it after", text, after, next)
			}
		}
		for _, trap := range schedule.Traps(text) {
			if trap.Column < 1 || trap.Column > len(text) {
				t.Errorf("Traps(%q): column %d", text, trap.Column)
			}
		}
	})
}
