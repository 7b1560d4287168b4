package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// held is all the memory that the worker was asked to keep.
type held struct {
	stopAt int64 // leaks by /work and by growth end here; 0 never ends them
	leaked atomic.Int64
	filled atomic.Int64

	mu     sync.Mutex
	leaks  [][]byte
	native [][]byte // mappings, outside the heap of the collector
	cache  [][]byte
}

// touched returns n bytes with every page written, so that they are resident.
func touched(n int64) []byte {
	b := make([]byte, n)
	touch(b)
	return b
}

func touch(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
}

func (h *held) keep(n int64) {
	if n <= 0 {
		return
	}
	b := touched(n)
	h.mu.Lock()
	h.leaks = append(h.leaks, b)
	h.mu.Unlock()
	h.leaked.Add(n)
}

func (h *held) keepUntilStop(n int64) {
	if h.stopAt == 0 || h.leaked.Load() < h.stopAt {
		h.keep(n)
	}
}

// grow leaks mbps MiB a second with no load at all.
func (h *held) grow(ctx context.Context, mbps float64) {
	const beat = 50 * time.Millisecond
	tick := time.NewTicker(beat)
	defer tick.Stop()
	began, kept := time.Now(), int64(0)
	for { // by the clock: a busy machine leaves beats out
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		owed := int64(mbps*(1<<20)*time.Since(began).Seconds()) - kept
		h.keepUntilStop(owed)
		kept += owed
	}
}

func (w *worker) leak(rw http.ResponseWriter, r *http.Request) {
	w.held.keep(query(r, "kb", 64) << 10)
	w.answer(rw)
}

// native leaks where no collector and no heap figure sees it.
func (w *worker) native(rw http.ResponseWriter, r *http.Request) {
	n := query(r, "kb", 24) << 10
	b, err := syscall.Mmap(-1, 0, int(max(n, 1)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		http.Error(rw, fmt.Sprintf("map memory: %v", err), http.StatusInternalServerError)
		return
	}
	touch(b)
	w.held.mu.Lock()
	w.held.native = append(w.held.native, b)
	w.held.mu.Unlock()
	w.held.leaked.Add(n)
	w.answer(rw)
}

// fill holds ?mb= as a cache would: a second call replaces the first.
func (w *worker) fill(rw http.ResponseWriter, r *http.Request) {
	w.held.mu.Lock()
	w.held.cache = nil
	w.held.mu.Unlock()
	mb := query(r, "mb", 100)
	cache := make([][]byte, mb)
	for i := range cache {
		cache[i] = touched(1 << 20)
	}
	w.held.mu.Lock()
	w.held.cache = cache
	w.held.mu.Unlock()
	w.held.filled.Store(mb << 20)
	w.answer(rw)
}

// spike takes ?mb= at ?mbps= MiB a second and lets go of it when it has all.
func (w *worker) spike(rw http.ResponseWriter, r *http.Request) {
	const step = 4
	mb, mbps := query(r, "mb", 900), max(query(r, "mbps", 1024), 1)
	var spike [][]byte
	start := time.Now()
	for got := int64(0); got < mb; got += step {
		spike = append(spike, touched(min(step, mb-got)<<20))
		time.Sleep(time.Until(start.Add(time.Duration(got+step) * time.Second / time.Duration(mbps))))
	}
	clear(spike)
	debug.FreeOSMemory()
	w.answer(rw)
}

// free drops everything, and gives it back to the system.
func (w *worker) free(rw http.ResponseWriter, _ *http.Request) {
	w.held.mu.Lock()
	for _, b := range w.held.native {
		syscall.Munmap(b)
	}
	w.held.leaks, w.held.native, w.held.cache = nil, nil, nil
	w.held.mu.Unlock()
	w.held.leaked.Store(0)
	w.held.filled.Store(0)
	debug.FreeOSMemory()
	w.answer(rw)
}
