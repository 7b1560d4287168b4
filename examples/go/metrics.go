package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// metrics uses the names of Prometheus's Go client, without the client.
func (w *worker) metrics(rw http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	rw.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, line := range []struct {
		name, kind string
		value      float64
	}{
		{"go_goroutines", "gauge", float64(runtime.NumGoroutine())},
		{"go_gc_gomemlimit_bytes", "gauge", float64(debug.SetMemoryLimit(-1))},
		{"go_gc_gogc_percent", "gauge", gogc()},
		{"go_memstats_alloc_bytes", "gauge", float64(m.Alloc)},
		{"go_memstats_heap_alloc_bytes", "gauge", float64(m.HeapAlloc)},
		{"go_memstats_heap_idle_bytes", "gauge", float64(m.HeapIdle)},
		{"go_memstats_heap_inuse_bytes", "gauge", float64(m.HeapInuse)},
		{"go_memstats_heap_released_bytes", "gauge", float64(m.HeapReleased)},
		{"go_memstats_heap_sys_bytes", "gauge", float64(m.HeapSys)},
		{"go_memstats_next_gc_bytes", "gauge", float64(m.NextGC)},
		{"go_memstats_sys_bytes", "gauge", float64(m.Sys)},
		{"process_resident_memory_bytes", "gauge", float64(resident())},
		{"leaked_bytes", "counter", float64(w.held.leaked.Load())},
		{"requests_total", "counter", float64(w.requests.Load())},
	} {
		fmt.Fprintf(rw, "# TYPE %s %s\n%s %v\n", line.name, line.kind, line.name, line.value)
	}
	fmt.Fprintf(rw, "# TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds_sum %v\ngo_gc_duration_seconds_count %d\n",
		float64(m.PauseTotalNs)/1e9, m.NumGC)
	fmt.Fprintf(rw, "# TYPE go_info gauge\ngo_info{version=%q} 1\n", runtime.Version())
}

// gogc can only be read by setting it, but at the source that the Prometheus client has.
func gogc() float64 {
	read := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(read)
	return float64(read[0].Value.Uint64())
}

func resident() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
