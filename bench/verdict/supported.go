package main

import "github.com/stanch-dev/stanch/internal/lab/verdict"

// supported are the experiments whose claim is true.
func supported() []planted {
	is := func(name, why, base string, change func(t *terms)) planted {
		return planted{name, verdict.Supported, why, "", base, usual(change)}
	}
	return []planted{
		is("python-map", "16 KiB of a dict for each request", "growth", func(t *terms) {
			t.Told = []string{"keep=/work:16384"}
			t.Same, t.Repeats = "told", 2
		}),
		is("python-native", "20 KB of malloc for each request, which Python's heap knows nothing of", "growth", func(t *terms) {
			t.Told = []string{"native=/work:20000"}
		}),
		is("node-heap", "64 KiB of objects for each request", "growth", func(t *terms) {
			t.Told, t.Language, t.Memory, t.Smallest, t.Size = []string{"keep=/work:65536"}, "node", "512MiB", "16KiB", "64KiB"
		}),
		is("go-heap", "32 KiB of a slice for each request", "growth", func(t *terms) {
			t.Told, t.Language, t.Smallest, t.Size = []string{"keep=/work:32768"}, "go", "8KiB", "32KiB"
		}),
		is("under-saw-teeth", "96 KiB for each request, below 4 MB of garbage that is collected twice a second", "growth", func(t *terms) {
			t.Told, t.Memory = []string{"keep=/work:98304", "cycle=/work:40000"}, "512MiB"
			t.Smallest, t.Size = "32KiB", "96KiB"
			t.Same = "told"
		}),
		is("across-a-restart", "16 KiB for each request, in two processes one after the other", "stretch", func(t *terms) {
			t.Told, t.Between = []string{"keep=/work:16384"}, "{recycle: {grace: 2s}}"
		}),
		is("one-of-three", "48 KiB for each request of /export alone", "endpoint", func(t *terms) {
			t.Told, t.Smallest, t.Size = []string{"keep=/export:49152"}, "8KiB", "48KiB"
		}),
		is("killed", "2 MiB for 3 s for each bulk request, which is twice the limit", "incident", func(t *terms) {
			t.Told, t.Memory, t.Killed = []string{"hold=/bulk:2097152:3000"}, "160MiB", true
		}),
		is("remedy", "16 KiB for each request in the old version, nothing in the new one", "remedy", func(t *terms) {
			t.Told = []string{"keep=/work:16384"}
			t.Repeats = 2
		}),
		is("allocation-fails", "512 KiB for each request, under a limit of 128 MiB for a process's data", "allocation", func(t *terms) {
			t.Told, t.Memory, t.Rate = []string{"keep=/work:524288"}, "512MiB", 80
		}),
	}
}
