package gauge

import (
	"cmp"
	"math"

	"github.com/stanch-dev/stanch/internal/memory"
)

// A series is what an endpoint says under one name: the sum, and the largest,
// of the samples that count.
type series struct {
	sum, largest float64
	have         bool
}

// counts says which samples of a name are wanted, where not all are.
type counts func(sample) bool

func anyLabels(sample) bool { return true }

// heapOnly leaves out the JVM's code cache and metaspace.
func heapOnly(s sample) bool { return s.label("area") == "heap" }

// wanted are the names that tell of a heap. They come from prometheus/client_golang
// (go_), prometheus-net and its DotNetRuntime add-on (dotnet_), OpenTelemetry's
// .NET instrumentation before and from .NET 9 (process_runtime_dotnet_ and
// dotnet_gc_last_collection_), prom-client (nodejs_), client_java before and
// from 1.0 and Micrometer (jvm_), and client_python (python_).
func wanted() map[string]counts {
	return map[string]counts{
		"go_gc_heap_live_bytes":           anyLabels,
		"go_memstats_heap_alloc_bytes":    anyLabels,
		"go_memstats_next_gc_bytes":       anyLabels,
		"go_gc_gogc_percent":              anyLabels,
		"go_gc_gomemlimit_bytes":          anyLabels,
		"go_memstats_heap_sys_bytes":      anyLabels,
		"go_memstats_heap_released_bytes": anyLabels,
		"go_gc_duration_seconds_count":    anyLabels,
		"go_goroutines":                   anyLabels,

		"dotnet_gc_heap_size_bytes":                             anyLabels, // by gc_generation
		"dotnet_total_memory_bytes":                             anyLabels,
		"dotnet_collection_count_total":                         anyLabels, // by generation; a collection of one counts for those below
		"dotnet_gc_collection_count_total":                      anyLabels, // by gc_generation, each collection once
		"dotnet_gc_last_collection_heap_size_bytes":             anyLabels, // by gc_heap_generation
		"dotnet_gc_last_collection_memory_committed_size_bytes": anyLabels,
		"dotnet_gc_collections_total":                           anyLabels, // by gc_heap_generation, each collection once
		"process_runtime_dotnet_gc_heap_size_bytes":             anyLabels, // by generation
		"process_runtime_dotnet_gc_objects_size_bytes":          anyLabels,
		"process_runtime_dotnet_gc_committed_memory_size_bytes": anyLabels,
		"process_runtime_dotnet_gc_collections_count_total":     anyLabels, // by generation, each collection once
		"process_runtime_dotnet_gc_collections_count":           anyLabels,
		"process_private_memory_bytes":                          anyLabels,
		"nodejs_heap_size_used_bytes":                           anyLabels,
		"nodejs_heap_size_total_bytes":                          anyLabels,
		"nodejs_external_memory_bytes":                          anyLabels,
		"nodejs_gc_duration_seconds_count":                      anyLabels, // by kind
		"jvm_memory_bytes_used":                                 heapOnly,
		"jvm_memory_bytes_committed":                            heapOnly,
		"jvm_memory_used_bytes":                                 heapOnly, // by id, with Micrometer
		"jvm_memory_committed_bytes":                            heapOnly,
		"jvm_gc_live_data_size_bytes":                           anyLabels,
		"jvm_gc_collection_seconds_count":                       anyLabels, // by gc
		"jvm_gc_pause_seconds_count":                            anyLabels, // by action and cause
		"python_gc_collections_total":                           anyLabels, // by generation, each collection once
		"python_info":                                           anyLabels,
		"python_heap_bytes":                                     anyLabels,
		"process_heap_bytes":                                    anyLabels,
		"process_resident_memory_bytes":                         anyLabels,
	}
}

// told is what an endpoint said of the names that are wanted.
type told map[string]series

// read takes the wanted samples from an endpoint's answer.
func read(body []byte) told {
	names, t := wanted(), told{}
	for {
		s, rest, ok := nextSample(body)
		if !ok {
			return t
		}
		body = rest
		want := names[string(s.name)]
		if want == nil || s.value < 0 || !want(s) {
			continue
		}
		x := t[string(s.name)]
		t[string(s.name)] = series{sum: x.sum + s.value, largest: max(x.largest, s.value), have: true}
	}
}

// first is the sum of the first of these names that there is.
func (t told) first(names ...string) (n int64, have bool) {
	for _, name := range names {
		if x := t[name]; x.have {
			return whole(x.sum), true
		}
	}
	return 0, false
}

func (t told) sum(names ...string) int64 {
	n, _ := t.first(names...)
	return n
}

// whole is an amount that fits an int64, whatever was told.
func whole(v float64) int64 {
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(max(v, 0))
}

// heap finds which runtime speaks, and what it says of its heap. Known is false
// if it says nothing of that; Runtime may be known all the same.
func (t told) heap() memory.Heap {
	for _, ask := range []func(told) (memory.Heap, bool){goHeap, dotnetHeap, nodeHeap, jvmHeap, pythonHeap} {
		if h, ok := ask(t); ok {
			return h
		}
	}
	return memory.Heap{}
}

func goHeap(t told) (memory.Heap, bool) {
	live, ok := t.first("go_gc_heap_live_bytes")
	if !ok {
		live, ok = t.goLive()
	}
	if !ok {
		live, ok = t.first("go_memstats_heap_alloc_bytes") // garbage included
	}
	if !ok {
		return memory.Heap{}, false
	}
	return memory.Heap{
		Runtime:    "go",
		Live:       live,
		Committed:  max(t.sum("go_memstats_heap_sys_bytes")-t.sum("go_memstats_heap_released_bytes"), 0),
		GCs:        t.sum("go_gc_duration_seconds_count"),
		Goroutines: t.sum("go_goroutines"),
		Known:      true,
	}, true
}

// goLive is the heap after the last collection, out of the size at which the next one
// begins: live bytes and GOGC percent of them, and of the stacks, which are few
// (go.dev/doc/gc-guide). It can't be told where the least size or the memory limit
// sets the goal.
func (t told) goLive() (live int64, ok bool) {
	next, percent, limit := t["go_memstats_next_gc_bytes"].sum, t["go_gc_gogc_percent"].sum, t["go_gc_gomemlimit_bytes"]
	const least = 4 << 20 // of a GOGC of 100
	if percent <= 0 || next <= 1.05*least*percent/100 || limit.have && next > 0.8*limit.sum {
		return 0, false
	}
	return whole(next / (1 + percent/100)), true
}

func dotnetHeap(t told) (memory.Heap, bool) {
	live, ok := t.first(
		"dotnet_gc_last_collection_heap_size_bytes", "dotnet_gc_heap_size_bytes",
		"process_runtime_dotnet_gc_heap_size_bytes", "process_runtime_dotnet_gc_objects_size_bytes",
		"dotnet_total_memory_bytes",
	)
	if !ok {
		return memory.Heap{}, false
	}
	gcs, once := t.first(
		"dotnet_gc_collections_total", "dotnet_gc_collection_count_total",
		"process_runtime_dotnet_gc_collections_count_total", "process_runtime_dotnet_gc_collections_count",
	)
	if !once {
		gcs = whole(t["dotnet_collection_count_total"].largest)
	}
	return memory.Heap{
		Runtime: "dotnet",
		Live:    live,
		// prometheus-net tells only the process's private memory.
		Committed: t.sum("dotnet_gc_last_collection_memory_committed_size_bytes",
			"process_runtime_dotnet_gc_committed_memory_size_bytes", "process_private_memory_bytes"),
		GCs:   gcs,
		Known: true,
	}, true
}

// nodeHeap counts what V8 keeps outside its heap for objects in it, such as
// Buffers: a leak of those is one of objects.
func nodeHeap(t told) (memory.Heap, bool) {
	used, ok := t.first("nodejs_heap_size_used_bytes")
	if !ok {
		return memory.Heap{}, false
	}
	external := t.sum("nodejs_external_memory_bytes")
	return memory.Heap{
		Runtime:   "node",
		Live:      plus(used, external),
		Committed: plus(t.sum("nodejs_heap_size_total_bytes"), external),
		GCs:       t.sum("nodejs_gc_duration_seconds_count"),
		Known:     true,
	}, true
}

func jvmHeap(t told) (memory.Heap, bool) {
	used, ok := t.first("jvm_memory_used_bytes", "jvm_memory_bytes_used")
	if !ok {
		return memory.Heap{}, false
	}
	return memory.Heap{
		Runtime: "jvm",
		// Micrometer's size after a full collection is 0 until there was one.
		Live:      cmp.Or(t.sum("jvm_gc_live_data_size_bytes"), used),
		Committed: t.sum("jvm_memory_committed_bytes", "jvm_memory_bytes_committed"),
		GCs:       t.sum("jvm_gc_collection_seconds_count", "jvm_gc_pause_seconds_count"),
		Known:     true,
	}, true
}

// pythonHeap takes a heap only from a metric of the application's own: the
// client library has none. prom-client's process_heap_bytes is another thing,
// and has been ruled out by nodeHeap.
func pythonHeap(t told) (memory.Heap, bool) {
	_, python := t.first("python_gc_collections_total", "python_info")
	live, have := t.first("python_heap_bytes", "process_heap_bytes")
	if !python && !have {
		return memory.Heap{}, false
	}
	h := memory.Heap{Live: live, GCs: t.sum("python_gc_collections_total"), Known: have}
	if python || t["python_heap_bytes"].have {
		h.Runtime = "python"
	}
	return h, true
}

func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
