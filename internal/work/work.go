// Package work is the vocabulary for what is to be done: what a store of work answers when it can't give what was asked.
//
// Work comes from queues, blobs and timers, which are kept in stores. What its
// children share is here: the two answers that every caller acts on, whatever
// the store. Begin with work/queue and work/blob, the seams.
package work

import (
	"errors"
	"fmt"
	"time"
)

// ErrAbsent says that the queue, blob, container or key is not there.
var ErrAbsent = errors.New("not there")

// ErrExists says that it is there already, and that it was to be made.
var ErrExists = errors.New("there already")

// ErrChanged says that it is no longer what the caller saw: the version that the
// caller named is gone.
var ErrChanged = errors.New("changed meanwhile")

// ErrLost says that a lease is no longer held: it lapsed, and the message may be
// with somebody else. The message itself is not lost.
var ErrLost = errors.New("lease lost")

// Unavailable says that the store can't answer now, and may later: it is not
// reachable, throttles, or answers with an error of its own. What was asked may
// or may not have been done.
type Unavailable struct {
	After time.Duration // how long the store asks to be left alone; 0 if it doesn't say
	Err   error
}

// Error names the pause that the store asks for.
func (u *Unavailable) Error() string {
	if u.After > 0 {
		return fmt.Sprintf("store unavailable for %v: %v", u.After, u.Err)
	}
	return fmt.Sprintf("store unavailable: %v", u.Err)
}

// Unwrap is what the store said.
func (u *Unavailable) Unwrap() error { return u.Err }

// TooLarge says that a body is more than the store takes.
type TooLarge struct{ Size, Limit int64 } // bytes

// Error says both sizes.
func (e *TooLarge) Error() string {
	return fmt.Sprintf("%d bytes are more than the %d that the store takes", e.Size, e.Limit)
}
