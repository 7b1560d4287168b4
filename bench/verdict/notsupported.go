package main

import "github.com/stanch-dev/stanch/internal/lab/verdict"

// notSupported are the experiments whose claim is false, and can be shown to be.
func notSupported() []planted {
	is := func(name, why, shown, base string, change func(t *terms)) planted {
		return planted{name, verdict.NotSupported, why, shown, base, usual(change)}
	}
	return []planted{
		is("another-endpoint", "48 KiB for each request of /orders, and none for /export", "orders-leaks", "endpoint", func(t *terms) {
			t.Told, t.Smallest, t.Size = []string{"keep=/orders:49152"}, "8KiB", "48KiB"
		}),
		is("page-cache", "64 KiB of a file for each request, whose pages the kernel can drop", "flat", "growth", func(t *terms) {
			t.Told, t.Memory = []string{"page=/work:65536"}, "512MiB"
		}),
		is("a-cache-that-fills", "16 KiB for each of the first 500 requests", "fills", "growth", func(t *terms) {
			t.Told, t.Same = []string{"cache=/work:16384:500"}, "clean"
		}),
		is("growth-without-load", "16 KiB every 10 ms, whether or not there are requests", "without-load", "growth", func(t *terms) {
			t.Told = []string{"tick=16384"}
		}),
		is("a-heap-with-teeth", "64 KiB of garbage for each request, which Go collects", "flat", "growth", func(t *terms) {
			t.Told, t.Language, t.Rate = []string{"garbage=/work:65536"}, "go", 300
			t.Smallest, t.Size = "48KiB", "192KiB"
			t.Same = "told"
		}),
		is("smaller-than-matters", "64 bytes for each request", "flat", "growth", func(t *terms) {
			t.Told = []string{"keep=/work:64"}
			t.Same = "told"
		}),
		is("remedy-without-effect", "16 KiB for each request in both versions", "new-grows", "remedy", func(t *terms) {
			t.Told, t.Clean = []string{"keep=/work:16384"}, []string{"keep=/work:16384"}
			t.Repeats = 2
		}),
		is("dependency-at-fault", "calls of a dependency fail, and the worker has nothing to do with it", "by-dependency", "incident", func(t *terms) {
			t.Told, t.Clean, t.Memory = []string{"call=/work:ORDERS_URL", "call=/bulk:ORDERS_URL"}, []string{"call=/work:ORDERS_URL", "call=/bulk:ORDERS_URL"}, "160MiB"
			t.Service, t.Between = true, "{fault: {dependency: ORDERS_URL, kind: failing, share: 80%}}"
		}),
		is("never-critical", "bulk requests take 1200 ms, and a third of them fails, with a few MB", "never-critical", "incident", func(t *terms) {
			t.Told, t.Memory = []string{"wait=/bulk:1200", "fail=/bulk:0.35"}, "160MiB"
		}),
	}
}
