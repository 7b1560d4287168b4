package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// zone loads a location; a machine without zone files can't run the test.
func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Skip(err)
	}
	return loc
}

func TestTheNextTickIs(t *testing.T) {
	for _, row := range []struct{ text, after, want, why string }{
		{"0 */5 * * * *", "2026-11-21T09:00:00Z", "2026-11-21T09:05:00Z", "never the time itself"},
		{"0 */5 * * * *", "2026-11-21T08:59:59.999999999Z", "2026-11-21T09:00:00Z", "a fraction of a second before"},
		{"* * * * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "over the year's end"},
		{"0 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", "a leap day"},
		{"0 0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z", "2100 has none"},
		{"0 0 0 29 2 1", "2072-03-01T00:00:00Z", "2112-02-29T00:00:00Z", "a leap day that is a Monday, 40 years on"},
		{"0 0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z", "months without a 31st"},
		{"0 0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-02-13T00:00:00Z", "day and day-of-week both have to match"},
		{"0 0 0 31 2 *", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "never"},
		{"0 0 0 30,31 2,4 0", "2026-01-01T00:00:00Z", "2028-04-30T00:00:00Z", "one of the dates exists"},
		{"00:10:00", "2026-11-21T09:03:00Z", "2026-11-21T09:13:00Z", "an interval counts from the time"},
		{"59 59 23 31 12 *", "2026-12-31T23:59:58Z", "2026-12-31T23:59:59Z", "the year's last second"},
		{"59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z", "and the next one"},
		{"0 0 0 1 1 *", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "years beyond .NET's"},
	} {
		after, err := time.Parse(time.RFC3339Nano, row.after)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.Parse(time.RFC3339, strings.Replace(row.want, "10000-01-01", "9999-12-31", 1))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(row.want, "10000") {
			want = want.AddDate(0, 0, 1)
		}
		if got := parse(t, row.text).Next(after); !got.Equal(want) {
			t.Errorf("Parse(%q).Next(%s) = %v, want %v: %s", row.text, row.after, got, want, row.why)
		}
	}
}

// The rows on Pacific time are those that Azure's own documents and tests use.
func TestTicksWhereTheClockIsSet(t *testing.T) {
	for _, row := range []struct {
		zone, text, after string
		want              []string
		why               string
	}{
		{
			"America/Los_Angeles", "0 30 * * * *", "2018-03-11T00:00:00-08:00",
			[]string{"00:30:00-08:00", "01:30:00-08:00", "03:30:00-07:00", "04:30:00-07:00"},
			"forward, each hour",
		},
		{
			"America/Los_Angeles", "0 30 1 * * *", "2018-03-11T00:00:00-08:00",
			[]string{"01:30:00-08:00", "01:30:00-07:00"},
			"forward, a time of day that is not touched",
		},
		{
			"America/Los_Angeles", "0 30 2 * * *", "2018-03-11T00:00:00-08:00",
			[]string{"03:30:00-07:00", "02:30:00-07:00"},
			"forward, a time of day that is skipped",
		},
		{
			"America/Los_Angeles", "0 0,30 2 * * *", "2018-03-11T00:00:00-08:00",
			[]string{"03:00:00-07:00", "03:30:00-07:00", "02:00:00-07:00"},
			"forward, two of them",
		},
		{
			"America/Los_Angeles", "0 */20 * * * *", "2018-11-04T00:30:00-07:00",
			[]string{"00:40:00-07:00", "01:00:00-07:00", "01:20:00-07:00", "01:40:00-07:00", "01:00:00-08:00", "01:20:00-08:00", "01:40:00-08:00", "02:00:00-08:00"},
			"back, every 20 minutes",
		},
		{
			"America/Los_Angeles", "0 30 * * * *", "2018-11-04T00:00:00-07:00",
			[]string{"00:30:00-07:00", "01:30:00-07:00", "01:30:00-08:00", "02:30:00-08:00"},
			"back, each hour",
		},
		{
			"America/Los_Angeles", "0 30 1 * * *", "2018-11-04T00:00:00-07:00",
			[]string{"01:30:00-07:00", "01:30:00-08:00"},
			"back, a time of day: today once, the second is tomorrow's",
		},
		{
			"America/Los_Angeles", "0 30 1 * * *", "2018-11-04T01:29:00-08:00",
			[]string{"01:30:00-08:00"},
			"back, asked in the second of the equal hours: tomorrow's",
		},
		{
			"Europe/Berlin", "0 30 2 * * *", "2026-03-29T00:00:00+01:00",
			[]string{"03:30:00+02:00", "02:30:00+02:00"},
			"forward in Berlin",
		},
		{
			"Europe/Berlin", "0 0 2,3 * * *", "2026-10-25T00:00:00+02:00",
			[]string{"02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00"},
			"back in Berlin: two hours in a row count on, by Azure's rule",
		},
		{
			"Australia/Lord_Howe", "0 15 2 * * *", "2026-10-04T00:00:00+10:30",
			[]string{"02:45:00+11:00", "02:15:00+11:00"},
			"half an hour forward",
		},
		{
			"Pacific/Apia", "0 0 12 30 12 *", "2011-12-29T00:00:00-10:00",
			[]string{"12:00:00+14:00", "12:00:00+14:00"},
			"a whole day skipped",
		},
	} {
		loc := zone(t, row.zone)
		at, err := time.Parse(time.RFC3339, row.after)
		if err != nil {
			t.Fatal(err)
		}
		at = at.In(loc)
		var got []string
		s := parse(t, row.text)
		for range row.want {
			at = s.Next(at)
			got = append(got, at.Format("15:04:05-07:00"))
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: Parse(%q) after %s (-want +got)\n%s", row.why, row.text, row.after, diff)
		}
	}
}

// Go's time.ZoneBounds is wrong on the last day of a leap year after 2037.
func TestADateFarAwayIsFoundInAZoneThatSetsItsClock(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"} {
		loc := zone(t, name)
		after := time.Date(2072, 3, 1, 0, 0, 0, 0, loc)
		want := time.Date(2112, 2, 29, 0, 0, 0, 0, loc)
		if got := parse(t, "0 0 0 29 2 1").Next(after); !got.Equal(want) {
			t.Errorf("Next(%v) = %v, want %v", after, got, want)
		}
	}
}

// drawn is a schedule made by the test, which so needs no parser to know what it
// means.
type drawn struct {
	text   string
	allows [6][]bool
}

func draw(r *rand.Rand) drawn {
	var d drawn
	var texts []string
	bounds := [6][2]int{{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}
	for f, b := range bounds {
		d.allows[f] = make([]bool, 60)
		text := "*"
		// The higher fields are mostly open, else hardly anything would be due.
		switch kind := r.IntN(4 + 3*f); {
		case kind == 0:
			v := b[0] + r.IntN(b[1]-b[0]+1)
			text = strconv.Itoa(v)
			d.allows[f][v] = true
		case kind == 1:
			step := 1 + r.IntN(b[1])
			text = fmt.Sprintf("*/%d", step)
			for v := b[0]; v <= b[1]; v += step {
				d.allows[f][v] = true
			}
		case kind == 2:
			from := b[0] + r.IntN(b[1]-b[0]+1)
			to := from + r.IntN(b[1]-from+1)
			text = fmt.Sprintf("%d-%d", from, to)
			for v := from; v <= to; v++ {
				d.allows[f][v] = true
			}
		case kind == 3:
			var list []string
			for range 1 + r.IntN(3) {
				v := b[0] + r.IntN(b[1]-b[0]+1)
				list = append(list, strconv.Itoa(v))
				d.allows[f][v] = true
			}
			text = strings.Join(list, ",")
		default:
			for v := b[0]; v <= b[1]; v++ {
				d.allows[f][v] = true
			}
		}
		texts = append(texts, text)
	}
	d.text = strings.Join(texts, " ")
	return d
}

func (d drawn) on(t time.Time) bool {
	return d.allows[0][t.Second()] && d.allows[1][t.Minute()] && d.allows[2][t.Hour()] &&
		d.allows[3][t.Day()] && d.allows[4][t.Month()] && d.allows[5][t.Weekday()]
}

func (d drawn) countsOn() bool {
	for _, field := range d.allows[:3] {
		for v := 1; v < len(field); v++ {
			if field[v-1] && field[v] {
				return true
			}
		}
	}
	return false
}

// ticks are all ticks from one day of the clock up to another, found by looking
// at every second of it. The location's offset changes once between them at
// most.
func (d drawn) ticks(loc *time.Location, from time.Time, days int) []int64 {
	var all []int64
	_, before := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, loc).Zone()
	_, after := time.Date(from.Year(), from.Month(), from.Day()+days, 0, 0, 0, 0, loc).Zone()
	for shown := from.Unix(); shown < from.Unix()+int64(days)*86400; shown++ {
		if !d.on(time.Unix(shown, 0).UTC()) {
			continue
		}
		var at []int64
		for _, offset := range []int{before, after} {
			t := shown - int64(offset)
			if _, is := time.Unix(t, 0).In(loc).Zone(); is == offset && !slices.Contains(at, t) {
				at = append(at, t)
			}
		}
		switch {
		case len(at) == 0:
			at = []int64{shown - int64(before)}
		case len(at) == 2 && !d.countsOn():
			at = []int64{min(at[0], at[1])}
		}
		all = append(all, at...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestNextFindsWhatLookingAtEverySecondFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2026))
	rounds := 30
	if testing.Short() {
		rounds = 10
	}
	compared := 0
	for _, window := range []struct {
		zone string
		from string
	}{
		{"UTC", "2026-12-30"},
		{"UTC", "2028-02-28"},
		{"Europe/Berlin", "2026-03-28"},
		{"Europe/Berlin", "2026-10-24"},
		{"America/New_York", "2026-03-07"},
		{"America/New_York", "2026-10-31"},
		{"Australia/Lord_Howe", "2026-04-04"},
		{"Europe/Berlin", "2040-12-30"},
		{"America/New_York", "2072-12-30"},
	} {
		loc := zone(t, window.zone)
		from, err := time.Parse(time.DateOnly, window.from)
		if err != nil {
			t.Fatal(err)
		}
		for range rounds {
			d := draw(r)
			s := parse(t, d.text)
			want := d.ticks(loc, from, 3)
			start := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, loc)
			end := time.Date(from.Year(), from.Month(), from.Day()+3, 0, 0, 0, 0, loc)
			// One after the other; of very many the first of each day will do.
			at, i := start.Add(-1), 0
			for ; i < len(want) && i < 3000; i++ {
				if at = s.Next(at); at.Unix() != want[i] {
					t.Fatalf("%s in %s: tick %d is %v, want %v", d.text, window.zone, i, at, time.Unix(want[i], 0).In(loc))
				}
				compared++
			}
			if i == len(want) {
				if at = s.Next(at); !at.IsZero() && at.Before(end) {
					t.Fatalf("%s in %s: tick %d is %v, want none before %v", d.text, window.zone, i, at, end)
				}
			}
			// And from anywhere.
			for range 20 {
				at := start.Add(time.Duration(r.Int64N(int64(end.Sub(start)))))
				i, _ := slices.BinarySearch(want, at.Unix()+1)
				got := s.Next(at)
				switch {
				case i < len(want) && got.Unix() != want[i]:
					t.Fatalf("%s in %s: Next(%v) = %v, want %v", d.text, window.zone, at, got, time.Unix(want[i], 0).In(loc))
				case i == len(want) && !got.IsZero() && got.Before(end):
					t.Fatalf("%s in %s: Next(%v) = %v, want none before %v", d.text, window.zone, at, got, end)
				}
				compared++
			}
		}
	}
	t.Logf("%d ticks compared", compared)
}

func TestNextFindsTheDateThatLookingAtEveryDayFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 2))
	for range 200 {
		text := fmt.Sprintf("0 0 0 %d %d %d", 27+r.IntN(5), 1+r.IntN(12), r.IntN(7))
		if r.IntN(3) == 0 {
			text = fmt.Sprintf("0 0 0 29 2 %d", r.IntN(7))
		}
		var dom, month, dow int
		if _, err := fmt.Sscanf(text, "0 0 0 %d %d %d", &dom, &month, &dow); err != nil {
			t.Fatal(err)
		}
		after := time.Date(1900+r.IntN(300), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), 0, 0, 0, time.UTC)
		var want time.Time
		day := time.Date(after.Year(), after.Month(), after.Day()+1, 0, 0, 0, 0, time.UTC)
		for range 366 * 41 {
			if day.Day() == dom && int(day.Month()) == month && int(day.Weekday()) == dow {
				want = day
				break
			}
			day = day.AddDate(0, 0, 1)
		}
		if got := parse(t, text).Next(after); !got.Equal(want) {
			t.Errorf("Parse(%q).Next(%v) = %v, want %v", text, after, got, want)
		}
	}
}

func BenchmarkNextOfADateFarAway(b *testing.B) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Skip(err)
	}
	after := time.Date(2072, 3, 1, 0, 0, 0, 0, loc)
	s, err := schedule.Parse("0 0 0 29 2 1")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Next(after)
	}
}
