// Command worker is what the hunts of the bench are about: a Go server with eight endpoints, of which one may leak.
//
// The endpoints work as endpoints do: they parse, sort, encode, fill a cache that is
// bounded, and make garbage. LEAK_AT names the one that keeps LEAK_BYTES of every
// request for good, and LEAK_KIND where: in the heap, or native, outside of it.
// It tells its memory at /metrics, and has Go's profiles, as many servers do.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run() error {
	size, err := strconv.Atoi(os.Getenv("LEAK_BYTES"))
	if os.Getenv("LEAK_AT") != "" && (err != nil || size%pageSize != 0) {
		return fmt.Errorf("LEAK_BYTES is no multiple of %d", pageSize)
	}
	l := &leak{size: size, native: os.Getenv("LEAK_KIND") == "native"}
	for path, serve := range routes() {
		leaks := path == os.Getenv("LEAK_AT")
		http.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if leaks {
				l.keep()
			}
			serve(w, r)
		})
	}
	http.HandleFunc("GET /metrics", metrics)
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}

// leak is what is kept for good.
type leak struct {
	size   int
	native bool

	mu   sync.Mutex
	last *page
	slab []byte // mapped, outside of the heap
}

const (
	pageSize = 4096
	slabSize = 4 << 20
)

// page is one of the sizes that Go's heap has, with the 8 bytes that the heap puts
// before an object of this size that has pointers; and the list of them takes nothing
// besides. So what is said to leak is what leaks.
type page struct {
	before *page
	body   [pageSize - 16]byte
}

func (l *leak) keep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.native {
		for range l.size / pageSize {
			l.last = &page{before: l.last, body: [pageSize - 16]byte{1}}
		}
		return
	}
	if len(l.slab) < l.size {
		var err error
		if l.slab, err = syscall.Mmap(-1, 0, slabSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE); err != nil {
			panic(err)
		}
	}
	for i := range l.slab[:l.size] {
		l.slab[i] = 1
	}
	l.slab = l.slab[l.size:]
}

type order struct {
	ID    int      `json:"id"`
	Lines []string `json:"lines"`
	Total float64  `json:"total"`
}

func routes() map[string]http.HandlerFunc {
	var cache sync.Map // of 1000 keys at most: those that {id} has
	one := func(id int) order {
		o := order{ID: id, Total: float64(id) * 1.19}
		for i := range 12 {
			o.Lines = append(o.Lines, "article "+strconv.Itoa(id*31+i))
		}
		return o
	}
	id := func(r *http.Request) int {
		n, _ := strconv.Atoi(r.PathValue("id"))
		return n % 1000
	}
	return map[string]http.HandlerFunc{
		"/health":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") },
		"/orders/{id}": func(w http.ResponseWriter, r *http.Request) { _ = json.NewEncoder(w).Encode(one(id(r))) },
		"/orders": func(w http.ResponseWriter, _ *http.Request) {
			var all []order
			for i := range 20 {
				all = append(all, one(i))
			}
			_ = json.NewEncoder(w).Encode(all)
		},
		"/users/{id}": func(w http.ResponseWriter, r *http.Request) {
			page, ok := cache.Load(id(r))
			if !ok {
				page = bytes.Repeat([]byte("user "), 200)
				cache.Store(id(r), page)
			}
			_, _ = w.Write(page.([]byte))
		},
		"/search/{id}": func(w http.ResponseWriter, r *http.Request) {
			words := strings.Fields(strings.Repeat("alpha beta gamma delta ", 20) + r.PathValue("id"))
			slices.Sort(words)
			fmt.Fprintln(w, strings.Join(slices.Compact(words), " "))
		},
		"/export": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("a,b,c,d\n"), 4096))
		},
		"/report/{id}": func(w http.ResponseWriter, r *http.Request) {
			table := map[string]int{}
			for i := range 200 {
				table[strconv.Itoa(id(r)*i%97)]++
			}
			_ = json.NewEncoder(w).Encode(table)
		},
		"/upload": func(w http.ResponseWriter, _ *http.Request) {
			buf := make([]byte, 64<<10)
			for i := 0; i < len(buf); i += 4096 {
				buf[i] = 1
			}
			fmt.Fprintln(w, len(buf))
		},
	}
}

// metrics uses the names of Prometheus's Go client.
func metrics(w http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(w, "go_memstats_heap_alloc_bytes %d\ngo_memstats_heap_sys_bytes %d\ngo_memstats_heap_released_bytes %d\ngo_gc_duration_seconds_count %d\n",
		m.HeapAlloc, m.HeapSys, m.HeapReleased, m.NumGC)
}
