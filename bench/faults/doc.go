// Package faults proves that no message is lost, whatever is killed and wherever a delivery stands: it is a test with a schedule of faults.
//
// Two hosts, which are real stanch processes with a custom handler each, take
// messages from one queue of a real store. A message carries the fault that is to
// happen at one of its steps; the handler, which is this test's own program, tells
// the test when it is there, and waits until the fault has been done. Each message
// that the handler completes it notes in a file, and forces that to the disk. In
// the end the checker reads these files: every message was completed or is poison,
// poison is only what had to be, and what was settled has left its output.
//
// Steps outside the handler are met where they can be seen: in front of Azurite by
// a proxy, which knows a lease from an output and an output from a settlement. Other
// stores are hit a few random milliseconds after the answer, and the table says
// afterwards where that was. stanch itself holds no hook. `make test` runs a small
// schedule, `make bench-faults` ten thousand messages. Begin with the test in
// faults_test.go.
package faults
