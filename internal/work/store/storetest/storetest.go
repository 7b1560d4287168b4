// Package storetest is the conformance suite of the stores of work: what every one of them has to do, whatever keeps it.
//
// A store's own test calls [Queues], [Blobs] and [Ledger] with a way to open an
// empty store, and says in a case what the store can't do by its nature. What a
// store leaves out is then named in its test, and nowhere else.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// patience bounds every wait for something that a store does in its own time.
const patience = 30 * time.Second

// names gives every test names of its own, so that stores which are slow to
// make may be shared by a suite.
func names(t *testing.T, stem string) func() string {
	n := 0
	token := fmt.Sprintf("%x", uint64(time.Now().UnixNano())&0xffffffffff)
	return func() string {
		n++
		return fmt.Sprintf("%s-%s-%d", stem, token, n)
	}
}

// within bounds a call by the test's patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// is checks an error against the one that the seam names.
func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// eventually asks until ok or the test's patience ends; what it waits for is the
// store's doing, such as a lease that lapses.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(late) {
			t.Fatalf("%s: not in %v", what, patience)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
