package functionrpc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// Config is what a host has to know about its worker.
type Config struct {
	Worker      string // its id, which only it may know
	Runtime     string // its language, as FUNCTIONS_WORKER_RUNTIME has it: python, node, …
	App         string // directory of the function app, absolute
	WorkerDir   string // directory of worker.config.json; may be empty
	HostVersion string // the version of Azure's host that stanch stands in for
	Index       bool   // ask the worker for its functions; those before 2022 never answer

	Shared      []string     // directories for shared payloads, by preference; none: all payloads pass on the stream
	SharedLeast int64        // a directory with less room, in bytes, is used last
	Memory      func() int64 // bytes that the container has left for files in memory; nil: as many as their file system has
	Plain       int64        // the largest payload that is held in memory to pass on the stream, in bytes
	Spool       string       // directory, on disk, for larger ones, up to 2 GiB; empty: they are refused
	Answer      int64        // the largest message from the worker, in bytes; a larger one breaks the stream

	HelloTime, InitTime, IndexTime, LoadTime time.Duration // how long the worker may take

	// Line gets the lines of functions, System those of the worker and of the host
	// itself. Lines come in their order, before the result of their invocation; the
	// stream waits meanwhile. The host's own may come at the same time. Either may
	// be nil.
	Line, System func(contract.Line)
}

// Default is a Python worker with shared payloads, in memory where there is
// room. App is still to be named.
func Default() Config {
	return Config{
		Worker:      strings.ToLower(rand.Text()),
		Runtime:     "python",
		HostVersion: "4.1036.0",
		Index:       true,
		Shared:      []string{"/dev/shm", os.TempDir()},
		SharedLeast: 256 << 20,
		Plain:       16 << 20,
		Spool:       os.TempDir(),
		Answer:      256 << 20,
		HelloTime:   time.Minute,
		InitTime:    time.Minute, // newer Python workers import the app here,
		IndexTime:   time.Minute,
		LoadTime:    time.Minute,
	}
}

// largestPlain leaves room in a message, which gRPC bounds, for what stands
// beside a payload.
const largestPlain = math.MaxInt32 - 1<<20

// Check reports everything that is wrong.
func (c Config) Check() error {
	var wrong []error
	say := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf("language worker: "+format, args...))
		}
	}
	say(c.Worker == "", "its id is empty")
	say(c.Runtime == "", "its runtime is not named")
	say(!strings.HasPrefix(c.App, "/"), "the app's directory %q is not absolute", c.App)
	say(c.HostVersion == "", "the host's version is empty")
	say(c.Plain < 1 || c.Plain > largestPlain, "the largest payload on the stream is %d bytes, want 1 to %d", c.Plain, largestPlain)
	for _, dir := range c.Shared {
		// They are handed over as a list with commas. A worker that does not find a
		// payload gives the function none, and says so only in its log.
		say(strings.Contains(dir, ","), "the directory %q for shared payloads has a comma in its name, at which the worker would cut it\nhint: without one; the directory for temporary files is named by TMPDIR", dir)
	}
	say(c.Answer < 1<<20, "the largest answer is %d bytes, want at least 1 MiB", c.Answer)
	for name, t := range map[string]time.Duration{"connect": c.HelloTime, "initialise": c.InitTime, "list functions": c.IndexTime, "load a function": c.LoadTime} {
		say(t <= 0, "its time to %s is %v", name, t)
	}
	return errors.Join(wrong...)
}
