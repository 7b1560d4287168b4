// Command stanch goes in front of a worker of any language and makes its memory leak harmless.
//
// Each verb has a file of its own; exit.go has all exit codes; the scripts in
// testdata/script are the manual, and are run by the tests.
package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/stanch-dev/stanch/internal/lab/trial"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// world is all that the verbs know of the outside.
type world struct {
	args    []string
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

func main() {
	if filepath.Base(os.Args[0]) == process.SentinelName {
		process.SentinelMain()
		return
	}
	if len(os.Args) == 3 && os.Args[1] == trial.PlanterCommand {
		if trial.Plant(os.Args[2]) != nil {
			os.Exit(exitError)
		}
		return
	}
	os.Exit(run(context.Background(), world{os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
}

// run is main without the process around it.
func run(ctx context.Context, w world) int {
	root := rootCommand(w)
	root.SetArgs(w.args)
	root.SetIn(w.stdin)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	return report(w.stderr, root.ExecuteContext(ctx))
}
