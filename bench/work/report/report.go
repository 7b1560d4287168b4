// Package report is what the worker of bench/work tells the bench in a file.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Report says what a worker has seen.
type Report struct {
	Count int           // messages, or blobs
	Twice int           // messages that came again
	Bytes int64         // of a blob
	Took  time.Duration // from the first message to the last, or the reading of the blob
}

// Wait waits for the report, until ctx ends or the process that ended closes is
// gone.
func Wait(ctx context.Context, file string, ended <-chan struct{}) (r Report, err error) {
	for {
		text, err := os.ReadFile(file)
		if err == nil {
			return r, json.Unmarshal(text, &r)
		}
		if !os.IsNotExist(err) {
			return r, fmt.Errorf("read the worker's report: %w", err)
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("wait for the worker's report: %w", context.Cause(ctx))
		case <-ended:
			return r, fmt.Errorf("wait for the worker's report: stanch has ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
