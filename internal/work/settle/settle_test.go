package settle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/settle"
)

func TestJudge(t *testing.T) {
	base := settle.Case{Queue: "jobs", Deliveries: 1, MaxDeliveries: 5, MaxKills: 2, RetryDelay: 3 * time.Second, Reason: "boom"}
	for _, row := range []struct {
		name  string
		with  func(*settle.Case)
		act   settle.Act
		after time.Duration
		why   string
	}{
		{"what succeeded is deleted", func(c *settle.Case) { c.Ending = settle.Succeeded }, settle.Delete, 0, ""},
		{"even the last allowed time", func(c *settle.Case) { c.Ending, c.Deliveries = settle.Succeeded, 5 }, settle.Delete, 0, ""},
		{"a failure is tried again after the pause that is set", func(c *settle.Case) { c.Ending = settle.Failed }, settle.Return, 3 * time.Second, "boom"},
		{"the last failure is poison", func(c *settle.Case) { c.Ending, c.Deliveries = settle.Failed, 5 }, settle.Poison, 0, "delivery 5 of 5"},
		{"without a bound it never is", func(c *settle.Case) { c.Ending, c.Deliveries, c.MaxDeliveries = settle.Failed, 500, 0 }, settle.Return, 3 * time.Second, "boom"},
		{"out of time is a failure", func(c *settle.Case) { c.Ending, c.Deliveries = settle.OutOfTime, 5 }, settle.Poison, 0, "boom"},
		{"a worker that dies gives it back at once", func(c *settle.Case) { c.Ending, c.Kills = settle.WorkerGone, 1 }, settle.Return, 0, "boom"},
		{"the second death quarantines it", func(c *settle.Case) {
			c.Ending, c.Kills, c.Postmortems = settle.WorkerGone, 2, []string{"pm-1", "pm-2"}
		}, settle.Poison, 0, "pm-1, pm-2"},
		{"deaths count as deliveries too", func(c *settle.Case) { c.Ending, c.Kills, c.Deliveries = settle.WorkerGone, 1, 5 }, settle.Poison, 0, "delivery 5 of 5"},
		{"a stop is nobody's fault, and it is back at once", func(c *settle.Case) { c.Ending, c.Deliveries = settle.Interrupted, 3 }, settle.Return, 0, "boom"},
		{"however often, but then it goes round more slowly", func(c *settle.Case) { c.Ending, c.Deliveries = settle.Interrupted, 5 }, settle.Return, 2 * time.Second, "boom"},
		{"and never more slowly than this", func(c *settle.Case) { c.Ending, c.Deliveries = settle.Interrupted, 1<<40 }, settle.Return, 30 * time.Second, "boom"},
		{"stops before it are not held against what fails", func(c *settle.Case) { c.Ending, c.Deliveries, c.Excused = settle.Failed, 8, 4 }, settle.Return, 3 * time.Second, "boom"},
		{"but failures are, however many stops", func(c *settle.Case) { c.Ending, c.Deliveries, c.Excused = settle.Failed, 9, 4 }, settle.Poison, 0, "beside the 4"},
		{"nor against whom a worker dies with", func(c *settle.Case) { c.Ending, c.Kills, c.Deliveries, c.Excused = settle.WorkerGone, 1, 8, 4 }, settle.Return, 0, "boom"},
		{"garbage is poison the first time", func(c *settle.Case) { c.Ending = settle.Unreadable }, settle.Poison, 0, "boom"},
		{"so is what never fits", func(c *settle.Case) { c.Ending = settle.NeverFits }, settle.Poison, 0, "boom"},
		{"a poison queue has no poison queue", func(c *settle.Case) { c.Ending, c.Queue, c.Deliveries = settle.Failed, "jobs-poison", 5 }, settle.Return, 3 * time.Second, "no poison queue"},
		{"its messages come more and more seldom", func(c *settle.Case) { c.Ending, c.Queue, c.Deliveries = settle.Failed, "jobs-poison", 11 }, settle.Return, 64 * time.Second, "no poison queue"},
		{"but they come", func(c *settle.Case) { c.Ending, c.Queue, c.Deliveries = settle.Failed, "jobs-poison", 1<<40 }, settle.Return, 10 * time.Minute, "no poison queue"},
		{"a name without room for the suffix", func(c *settle.Case) { c.Ending, c.Queue, c.Deliveries = settle.Failed, strings.Repeat("a", 57), 5 }, settle.Return, 3 * time.Second, "no poison queue"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := base
			row.with(&c)
			got := settle.Judge(c)
			if got.Act != row.act || got.After != row.after || !strings.Contains(got.Why, row.why) {
				t.Errorf("Judge = %v after %v because %q, want %v after %v because %q", got.Act, got.After, got.Why, row.act, row.after, row.why)
			}
			if got.Act == settle.Poison && got.To != c.Queue+"-poison" {
				t.Errorf("it goes to %q", got.To)
			}
		})
	}
}

func TestAMessageWhoseHostsDiedIsPoisonBeforeItsNextTry(t *testing.T) {
	for deliveries, want := range map[int64]bool{1: false, 5: false, 6: true} {
		d, hopeless := settle.Hopeless(settle.Case{Queue: "jobs", Deliveries: deliveries, MaxDeliveries: 5})
		if hopeless != want || hopeless && d.To != "jobs-poison" {
			t.Errorf("delivery %d: %v %+v, want %v", deliveries, hopeless, d, want)
		}
	}
	for excused, want := range map[int64]bool{0: true, 5: false, 4: true} {
		if d, hopeless := settle.Hopeless(settle.Case{Queue: "jobs", Deliveries: 10, Excused: excused, MaxDeliveries: 5}); hopeless != want {
			t.Errorf("delivery 10, %d of them excused: %v %+v, want %v", excused, hopeless, d, want)
		}
	}
	if _, hopeless := settle.Hopeless(settle.Case{Deliveries: 100}); hopeless {
		t.Error("hopeless without a bound")
	}
}
