package tick

import (
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
)

// What is what happened to a timer.
type What uint8

// The kinds of news.
const (
	Failed    What = iota // a run failed and is over
	Broken                // a run was broken off; its tick will be run again
	TakenOver             // a tick of a host that went away is run here
	Away                  // the store can't be reached: ticks are delayed
	Back                  // the store is reached again
	Forgotten             // the entry made no sense, and begins anew
)

// News is something that people should know.
type News struct {
	What What
	Tick time.Time // zero if it is about none
	Err  error     // nil for TakenOver and Back
}

// String is a sentence without its end.
func (n News) String() string {
	at := n.Tick.Format(time.RFC3339)
	switch n.What {
	case Failed:
		return fmt.Sprintf("run of %s failed, and is not tried again: %v", at, n.Err)
	case Broken:
		return fmt.Sprintf("run of %s was broken off, and will be run again: %v", at, n.Err)
	case TakenOver:
		return fmt.Sprintf("run of %s is taken over from a host that went away", at)
	case Away:
		return fmt.Sprintf("ticks are delayed: %v", n.Err)
	case Back:
		return "ticks are not delayed any more"
	case Forgotten:
		return fmt.Sprintf("begins anew: %v", n.Err)
	}
	return fmt.Sprintf("news %d", n.What)
}

// The pauses between two tries of a store that is away.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// away tells once that the store is, and says how long to leave it alone.
func (t *Timer) away(err error) time.Duration {
	if !t.absent {
		t.absent = true
		t.tell(News{What: Away, Err: err})
	}
	t.pause = min(max(2*t.pause, firstPause), lastPause)
	if u, ok := errors.AsType[*work.Unavailable](err); ok {
		return max(t.pause, min(u.After, 2*lastPause))
	}
	return t.pause
}

func (t *Timer) back() {
	if t.absent {
		t.tell(News{What: Back})
	}
	t.absent, t.pause = false, 0
}
