package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

// Plan is what all instances of the worker have in common.
type Plan struct {
	Command   []string
	Env       []string // the environment, as os.Environ gives it
	Dir       string   // working directory; empty: stanch's own
	Port      int      // fixed; 0 gives each instance its own
	Sockets   string   // directory for Unix sockets, where the command has {socket}
	Ready     Ready
	StartTime time.Duration // the longest until ready
	StopGrace time.Duration // from SIGTERM to SIGKILL
	Tuning    bool          // set allocator variables that the environment leaves open
	Upstream  proxy.UpstreamConfig
	// Hire prepares the contract under which an instance is given work; nil where
	// its socket is all there is. It is called before the instance is started.
	Hire func(id string, at Address) (Engagement, error)
	// Outward changes an instance's environment so that its own calls go where
	// they are to be seen; nil for as they are.
	Outward func(id string, environ []string) []string
}

// Address is where an instance is to listen.
type Address struct {
	Network, Address string // "tcp" or "unix"
	Port             int    // of tcp
}

// Engagement is one instance's contract. Its methods may be called from several
// goroutines.
type Engagement interface {
	Args() []string                  // follow the command's own
	Env() []string                   // NAME=value, in place of those of the same name
	Ready(ctx context.Context) error // returns when the instance can take work
	Exited(err error)                // the instance's first process has ended
	End(ctx context.Context)         // the instance is about to be stopped, and has nothing in hand
	Release()                        // it is gone
}

// Ready is how to tell that an instance is ready: its socket accepts, or, where
// Path is set, a GET of it answers 2xx or 3xx, or, where Text is set, a line of
// its output contains it.
type Ready struct{ Path, Text string }

// Overlaps says whether two instances can serve side by side.
func (p Plan) Overlaps() bool { return p.Port == 0 }

// place is where one instance listens.
type place struct {
	network, address string
	port             int
	socket           string
}

func (p Plan) place(id string, taken func(int) bool) (place, error) {
	if slices.ContainsFunc(p.Command, func(arg string) bool { return strings.Contains(arg, "{socket}") }) {
		socket := filepath.Join(p.Sockets, id+".sock")
		if len(socket) > 107 { // sun_path of Linux, less its final NUL
			return place{}, fmt.Errorf("the socket path %s has %d bytes, Linux allows 107\nhint: set a shorter --data directory", socket, len(socket))
		}
		if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
			return place{}, fmt.Errorf("remove an old socket: %w", err)
		}
		return place{network: "unix", address: socket, socket: socket}, nil
	}
	port := p.Port
	if port == 0 {
		var err error
		if port, err = process.FreePort(taken); err != nil {
			return place{}, err
		}
	}
	return place{network: "tcp", address: fmt.Sprintf("127.0.0.1:%d", port), port: port}, nil
}

// args fills the placeholders in.
func (p Plan) args(id string, at place) []string {
	fill := strings.NewReplacer("{port}", fmt.Sprint(at.port), "{socket}", at.socket, "{worker}", id)
	args := make([]string, len(p.Command))
	for i, arg := range p.Command {
		args[i] = fill.Replace(arg)
	}
	return args
}

// env is the worker's environment: stanch's own settings are taken out, where
// to listen is put in, and allocators are told to give memory back, unless the
// user has told them something else.
func (p Plan) env(id string, at place, limit int64) []string {
	has := map[string]bool{}
	var env []string
	for _, pair := range p.Env {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "STANCH_") || name == "PORT" || name == "SOCKET" {
			continue
		}
		has[name] = true
		env = append(env, pair)
	}
	env = append(env, "STANCH_WORKER="+id)
	if at.socket != "" {
		env = append(env, "SOCKET="+at.socket)
	} else {
		env = append(env, fmt.Sprintf("PORT=%d", at.port))
	}
	if p.Outward != nil {
		env = p.Outward(id, env)
	}
	if !p.Tuning {
		return env
	}
	// glibc: fewer arenas and an early trim keep freed memory from staying
	// resident. Go: collect harder before the limit; 80 % leaves room for
	// what is not heap.
	tuning := [][2]string{{"MALLOC_ARENA_MAX", "2"}, {"MALLOC_TRIM_THRESHOLD_", "131072"}}
	if limit > 0 && limit != memory.Unlimited {
		tuning = append(tuning, [2]string{"GOMEMLIMIT", fmt.Sprint(limit / 10 * 8)})
	}
	for _, v := range tuning {
		if !has[v[0]] {
			env = append(env, v[0]+"="+v[1])
		}
	}
	return env
}

// replaceEnv puts variables into an environment, in place of those of the same
// name.
func replaceEnv(environ, with []string) []string {
	for _, pair := range with {
		name, _, _ := strings.Cut(pair, "=")
		environ = slices.DeleteFunc(environ, func(other string) bool { return strings.HasPrefix(other, name+"=") })
	}
	return append(environ, with...)
}
