package gauge

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory"
)

func TestEachRuntimesClientIsUnderstood(t *testing.T) {
	for _, row := range []struct {
		file, reason string
		want         memory.Heap
	}{
		{
			"go.prom", "client_golang: what the system has got back is not committed",
			memory.Heap{Runtime: "go", Live: 3423120, Committed: 11862016 - 3522560, GCs: 58, Goroutines: 11, Known: true},
		},
		{
			"go-runtime.prom", "client_golang with runtime metrics: live objects, not garbage",
			memory.Heap{Runtime: "go", Live: 2101248, Committed: 11862016 - 3522560, GCs: 58, Goroutines: 11, Known: true},
		},
		{
			"go-goal.prom", "client_golang from 1.20: live objects, out of the size of the next collection",
			memory.Heap{Runtime: "go", Live: 62914560, Committed: 209715200 - 3522560, GCs: 58, Goroutines: 11, Known: true},
		},
		{
			"go-limited.prom", "the same where the memory limit sets that size: garbage included",
			memory.Heap{Runtime: "go", Live: 90423120, Committed: 209715200 - 3522560, GCs: 58, Goroutines: 11, Known: true},
		},
		{
			"dotnet-prometheus-net.prom", "prometheus-net: a collection of generation 2 counts for 0 and 1 too",
			memory.Heap{Runtime: "dotnet", Live: 9321464, Committed: 73515008, GCs: 41, Known: true},
		},
		{
			"dotnet-runtime.prom", "prometheus-net.DotNetRuntime: generations add up",
			memory.Heap{Runtime: "dotnet", Live: 256000 + 1048576 + 6291456 + 98384, GCs: 44, Known: true},
		},
		{
			"dotnet-otel.prom", "OpenTelemetry from .NET 9",
			memory.Heap{Runtime: "dotnet", Live: 5240 + 1048576 + 6291456 + 98384 + 24600, Committed: 14680064, GCs: 44, Known: true},
		},
		{
			"dotnet-otel-8.prom", "OpenTelemetry before .NET 9",
			memory.Heap{Runtime: "dotnet", Live: 5240 + 1048576 + 6291456 + 98384 + 24600, Committed: 14680064, GCs: 44, Known: true},
		},
		{
			"node.prom", "prom-client: Buffers count, and its process_heap_bytes is no heap",
			memory.Heap{Runtime: "node", Live: 10534112 + 2113445, Committed: 13041664 + 2113445, GCs: 12 + 3 + 2, Known: true},
		},
		{
			"jvm-client-0.prom", "client_java before 1.0, trailing commas and all",
			memory.Heap{Runtime: "jvm", Live: 968209248, Committed: 1426063360, GCs: 14, Known: true},
		},
		{
			"jvm-client-1.prom", "client_java from 1.0",
			memory.Heap{Runtime: "jvm", Live: 110625280, Committed: 498597888, GCs: 3, Known: true},
		},
		{
			"jvm-micrometer.prom", "Micrometer: live after the last full collection",
			memory.Heap{Runtime: "jvm", Live: 23066736, Committed: 25165824 + 2097152 + 44040192, GCs: 9 + 1, Known: true},
		},
		{
			"jvm-micrometer-young.prom", "Micrometer before the first full collection: the pools add up, nonheap left out",
			memory.Heap{Runtime: "jvm", Live: 8388608 + 1048576 + 20971520, Committed: 25165824 + 2097152 + 44040192, GCs: 9, Known: true},
		},
		{
			"python.prom", "client_python tells no heap",
			memory.Heap{Runtime: "python", GCs: 92 + 8 + 0},
		},
		{
			"python-heap.prom", "an application that tells its own",
			memory.Heap{Runtime: "python", Live: 31457280, GCs: 92, Known: true},
		},
		{
			"other.prom", "an endpoint without any of it",
			memory.Heap{},
		},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", row.file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.want, read(b).heap()); diff != "" {
			t.Errorf("%s, %s: want (-), got (+):\n%s", row.file, row.reason, diff)
		}
	}
}
