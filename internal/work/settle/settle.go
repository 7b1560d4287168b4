// Package settle decides what becomes of a message after its delivery: deleted, given back, or put among the poison.
//
// The rules are those of Azure's queue trigger, with two more: a worker that dies
// gives its message back at once, and a message that has killed workers twice is
// quarantined, so that one poisonous payload can't keep a crash loop alive. Begin
// with [Judge]; it is pure.
package settle

import (
	"fmt"
	"strings"
	"time"
)

// Ending is how a delivery ended.
type Ending uint8

// The endings.
const (
	Succeeded   Ending = iota // the function returned
	Failed                    // it raised, answered an error, or its outputs could not be written
	WorkerGone                // the worker died with it
	Interrupted               // stanch or the worker was stopped before it was done; not the message's fault
	Unreadable                // it can't be decoded: no function will ever read it
	NeverFits                 // its payload is more than any worker has room for
	OutOfTime                 // it ran longer than it may
)

// Case is a delivery that has ended, or one that is about to begin with Ending
// left out.
type Case struct {
	Ending        Ending
	Reason        string // one sentence, without secrets
	Queue         string
	Deliveries    int64         // this one included
	MaxDeliveries int64         // at this many a failing message is poison
	Excused       int64         // of the deliveries, those that are not held against the message
	Kills         int           // workers that died with it, this time included
	MaxKills      int           // at this many it is quarantined
	Postmortems   []string      // of those workers
	RetryDelay    time.Duration // before a failed message is tried again
}

// Act is what is done with a message.
type Act uint8

// The acts.
const (
	Delete Act = iota // it is done
	Return            // it is tried again
	Poison            // it is moved to the poison queue
)

var acts = [...]string{"delete", "return", "poison"}

// String is the act's name.
func (a Act) String() string { return acts[a] }

// Decision is what becomes of a message, and why.
type Decision struct {
	Act   Act
	After time.Duration // of Return
	To    string        // of Poison: the queue
	Why   string
}

// Hopeless says before a delivery begins whether the message has been tried so
// often that it is poison without another try: its hosts died before they could
// say so.
func Hopeless(c Case) (Decision, bool) {
	if c.MaxDeliveries <= 0 || c.held() <= c.MaxDeliveries {
		return Decision{}, false
	}
	return c.poison(fmt.Sprintf("delivered %s, %d are allowed, and the last were never ended", c.times(), c.MaxDeliveries)), true
}

// held are the deliveries that are held against the message.
func (c Case) held() int64 { return c.Deliveries - c.Excused }

// spent says whether no more tries are allowed.
func (c Case) spent() bool { return c.MaxDeliveries > 0 && c.held() >= c.MaxDeliveries }

func (c Case) times() string {
	if c.Excused > 0 {
		return fmt.Sprintf("%d times, %d of them not held against it", c.Deliveries, c.Excused)
	}
	return fmt.Sprintf("%d times", c.Deliveries)
}

// Judge decides after a delivery.
func Judge(c Case) Decision {
	switch c.Ending {
	case Succeeded:
		return Decision{Act: Delete}
	case Interrupted:
		return Decision{Act: Return, After: c.patience(), Why: c.Reason}
	case Unreadable, NeverFits:
		return c.poison(c.Reason)
	case WorkerGone:
		if c.MaxKills > 0 && c.Kills >= c.MaxKills {
			return c.poison(fmt.Sprintf("%d workers died with it%s; the last: %s", c.Kills, named(c.Postmortems), c.Reason))
		}
		if c.spent() {
			return c.poison(c.tries())
		}
		return Decision{Act: Return, Why: c.Reason}
	}
	if c.spent() {
		return c.poison(c.tries())
	}
	return Decision{Act: Return, After: c.RetryDelay, Why: c.Reason}
}

func (c Case) tries() string {
	if c.Excused > 0 {
		return fmt.Sprintf("delivery %d failed, and %d are allowed beside the %d that are not held against it: %s", c.Deliveries, c.MaxDeliveries, c.Excused, c.Reason)
	}
	return fmt.Sprintf("delivery %d of %d allowed failed: %s", c.Deliveries, c.MaxDeliveries, c.Reason)
}

// The pauses of a message that is interrupted again and again. The first times it
// is back at once, as after a restart; then something is wrong for longer, and
// since it is never poison for that, it must not go round and round.
const (
	interruptedFreely = 3
	longestPatience   = 30 * time.Second
)

func (c Case) patience() time.Duration {
	over := c.Deliveries - interruptedFreely
	if over <= 0 {
		return 0
	}
	return min(firstPause<<min(over-1, 5), longestPatience)
}

func named(postmortems []string) string {
	if len(postmortems) == 0 {
		return ""
	}
	return " (post-mortems " + strings.Join(postmortems, ", ") + ")"
}

// Tries without end, of a message that has no poison queue to go to.
const (
	longestPause = 10 * time.Minute
	firstPause   = time.Second
)

const (
	poisonSuffix = "-poison"
	longestName  = 63
)

// poison moves the message, if its queue can have a poison queue. A poison queue
// has none, nor has one whose name is too long for the suffix: its messages stay,
// and are tried more and more seldom.
func (c Case) poison(why string) Decision {
	if to := c.Queue + poisonSuffix; !strings.HasSuffix(c.Queue, poisonSuffix) && len(to) <= longestName {
		return Decision{Act: Poison, To: to, Why: why}
	}
	over := max(c.held()-max(c.MaxDeliveries, 1), 0)
	pause := longestPause
	if over < 10 { // 2^10 seconds are more than the longest
		pause = min(firstPause<<over, longestPause)
	}
	return Decision{Act: Return, After: max(pause, c.RetryDelay), Why: why + "; its queue can have no poison queue"}
}
