// Command goworker serves GET / on a port of its own and keeps what its mechanism keeps: one subject of the recorder.
//
// It prints the port, and answers each request with three numbers: requests
// served, bytes that it has leaked, goroutines. GET /metrics tells of its heap.
package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goworker:", err)
		os.Exit(1)
	}
}

// worker is what a mechanism works with. The mutex guards all of it.
type worker struct {
	mechanism, place, self string
	size                   int
	mutex                  sync.Mutex
	kept                   map[int][]byte
	served, leaked         int
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("wants a mechanism, a size and a place for files")
	}
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("read the size: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	w := &worker{mechanism: args[0], size: size, place: args[2], kept: map[int][]byte{}, self: "http://" + listener.Addr().String()}
	if w.mechanism == "timer" {
		go w.tick()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", w.serve)
	mux.HandleFunc("/metrics", metrics)
	mux.HandleFunc("/stream", func(answer http.ResponseWriter, r *http.Request) { // begins, and goes on as long as it is read
		answer.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(answer).Flush()
		<-r.Context().Done()
	})
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, mux)
}

// tick leaks by the clock, whatever is asked.
func (w *worker) tick() {
	for n := -1; ; n-- {
		time.Sleep(250 * time.Millisecond)
		w.mutex.Lock()
		w.kept[n] = w.leak()
		w.mutex.Unlock()
	}
}

func (w *worker) leak() []byte {
	w.leaked += w.size
	return filled(w.size)
}

func filled(n int) []byte {
	body := make([]byte, n)
	for i := range body {
		body[i] = 1
	}
	return body
}

func (w *worker) serve(answer http.ResponseWriter, _ *http.Request) {
	scratch := filled(64 << 10) // what every request needs for a moment
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.served++
	switch w.mechanism {
	case "clean", "timer":
	case "map":
		w.kept[w.served] = w.leak()
	case "goroutine":
		body := w.leak()
		go func() {
			<-make(chan int)
			body[0] = 2
		}()
	case "unclosed":
		if w.served%10 == 0 { // each holds a connection, at both of its ends
			body := filled(10 * w.size)
			w.leaked += len(body)
			if response, err := http.Get(w.self + "/stream"); err == nil {
				go func() { _, _ = response.Body.Read(body) }()
			}
		}
	case "lru":
		delete(w.kept, w.served-2000)
		w.kept[w.served] = filled(4 * w.size)
	case "lazy":
		if len(w.kept) < 600 {
			w.kept[w.served] = filled(12 * w.size)
		}
	case "garbage":
		runtime.KeepAlive(filled(64 * w.size))
	case "logrotate":
		if err := w.log(scratch); err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
	default:
		http.Error(answer, "unknown mechanism", http.StatusNotFound)
		return
	}
	fmt.Fprint(answer, w.served, w.leaked, runtime.NumGoroutine())
}

// log appends to a file that another takes the place of at 32 MiB.
func (w *worker) log(line []byte) error {
	file, err := os.OpenFile(w.place, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	info, statErr := file.Stat()
	if err := errors.Join(err, statErr, file.Close()); err != nil || info.Size() < 32<<20 {
		return err
	}
	return os.Rename(w.place, w.place+".1")
}

func metrics(answer http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(answer, "go_memstats_heap_alloc_bytes %d\ngo_memstats_heap_sys_bytes %d\ngo_memstats_heap_released_bytes %d\ngo_gc_duration_seconds_count %d\n",
		m.HeapAlloc, m.HeapSys, m.HeapReleased, m.NumGC)
}
