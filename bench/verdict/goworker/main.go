// Command goworker is the Go worker of the planted experiments: an HTTP server that does what it is told.
//
//	goworker PORT keep=PATH:N garbage=PATH:N
//
// Each request of a path keeps N bytes for good, or makes N bytes of garbage that stays
// for a hundred requests, so that the heap has teeth.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goworker:", err)
		os.Exit(1)
	}
}

// recent is for how many requests garbage stays.
const recent = 100

// trait is what the requests of a path do.
type trait struct {
	path    string
	size    int
	garbage bool

	mu   sync.Mutex
	held [][]byte
	next int
}

// serve does it once.
func (t *trait) serve() {
	taken := make([]byte, t.size)
	for i := 0; i < len(taken); i += 512 {
		taken[i] = 1 // so that the kernel has to give the page
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.garbage || len(t.held) < recent {
		t.held = append(t.held, taken)
		return
	}
	t.held[t.next%recent] = taken
	t.next++
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which port?\nhint: goworker PORT keep=PATH:N garbage=PATH:N")
	}
	var traits []*trait
	for _, arg := range args[1:] {
		name, rest, _ := strings.Cut(arg, "=")
		path, size, _ := strings.Cut(rest, ":")
		n, err := strconv.Atoi(size)
		if err != nil || name != "keep" && name != "garbage" {
			return fmt.Errorf("%q is no trait\nhint: keep=PATH:N or garbage=PATH:N", arg)
		}
		traits = append(traits, &trait{path: path, size: n, garbage: name == "garbage"})
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		for _, t := range traits {
			if strings.HasPrefix(r.URL.Path, t.path) {
				t.serve()
			}
		}
		fmt.Fprintln(w, "ok")
	})
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		return fmt.Errorf("listen for requests: %w", err)
	}
	fmt.Println("ready")
	return http.Serve(l, nil)
}
