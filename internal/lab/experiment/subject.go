package experiment

import (
	"path"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

func subject() object[lab.Subject] {
	return object[lab.Subject]{
		title: "subject",
		fields: append([]field[lab.Subject]{
			must(at("variants", "The worker's forms, by name.", mapping("variant", variant().kind(), func(name string, v lab.Variant) lab.Variant { v.Name = name; return v }), func(s *lab.Subject) *[]lab.Variant { return &s.Variants })),
			at("services", "Dependencies that the experiment brings along, by name: started before the worker, outside of its memory limit.", mapping("service", service().kind(), func(name string, s lab.Service) lab.Service { s.Name = name; return s }), func(s *lab.Subject) *[]lab.Service { return &s.Services }),
			at("start", "The variant that runs first; without it the first one. Not for comparisons.", named("variant"), func(s *lab.Subject) *string { return &s.Start }),
			by("auto", at("runtime", "Who manages the worker's heap.", choice(lab.AnyRuntime, lab.GoRuntime, lab.DotnetRuntime, lab.JVMRuntime, lab.NodeRuntime, lab.PythonRuntime, lab.NativeRuntime), func(s *lab.Subject) *lab.Runtime { return &s.Runtime })),
			by("bare", at("guard", "Whether stanch's guard keeps the worker from its limit (on), or the incident is to happen (bare).", choice(lab.Bare, lab.Guarded), func(s *lab.Subject) *lab.Guard { return &s.Guard })),
			by("none", at("store", "Where queues and blobs lie: a folder, or Azure's emulator.", choice(lab.NoStore, lab.FileStore, lab.Azurite), func(s *lab.Subject) *lab.Store { return &s.Store })),
			empty(at("settle", "What is waited for in a rest.", settle().kind(), func(s *lab.Subject) *lab.Settle { return &s.Settle })),
		}, limits(func(s *lab.Subject) *lab.Limit { return &s.Limit }, true)...),
		check: func(r *reader, n tree.Node, s *lab.Subject) {
			if len(s.Variants) == 0 {
				r.fail(n.Value("variants"), "variants: {NAME: {command: [python, app.py]}}", "there is no variant")
			}
			r.allocation(n, s.Limit)
		},
	}
}

// limits are the keys of a memory limit, in whatever has one.
func limits[T any](place func(*T) *lab.Limit, needed bool) []field[T] {
	memory := at("memory", "The limit of the worker's memory, which the kernel enforces: what goes over it is killed.", size(bytesize.MiB), func(v *T) *bytesize.Size { return &place(v).Memory })
	if needed {
		memory = must(memory)
	}
	return []field[T]{memory, at("allocation", "The limit of a process's own data: an allocation beyond it fails, and the process may live on.", size(bytesize.MiB), func(v *T) *bytesize.Size { return &place(v).Allocation })}
}

func (r *reader) allocation(n tree.Node, l lab.Limit) {
	if l.Memory > 0 && l.Allocation > l.Memory {
		r.fail(n.Value("allocation"), "", "allocation is %v, above the %v of memory, and would never be met", l.Allocation, l.Memory)
	}
}

func variant() object[lab.Variant] {
	return object[lab.Variant]{
		title: "a variant",
		fields: append([]field[lab.Variant]{
			by(".", at("dir", "Where it is started, below the experiment's folder.", folder(), func(v *lab.Variant) *string { return &v.Dir })),
			at("command", "Its program and arguments; without it the folder says (host.json, stanch.yaml). {port} is the port that it is to listen on.", list(1, 200, text()), func(v *lab.Variant) *[]string { return &v.Command }),
			at("env", "Variables, beside those that the lab runs with.", environment(), func(v *lab.Variant) *map[string]string { return &v.Env }),
			by("http", at("contract", "How work is handed to it: requests, or a function app's triggers.", choice(lab.HTTP, lab.Functions), func(v *lab.Variant) *lab.Contract { return &v.Contract })),
			at("settings", "What its function host is set to.", settings().kind(), func(v *lab.Variant) *lab.Settings { return &v.Settings }),
		}, limits(func(v *lab.Variant) *lab.Limit { return &v.Limit }, false)...),
		check: func(r *reader, n tree.Node, v *lab.Variant) {
			r.allocation(n, v.Limit)
			if v.Contract == lab.HTTP && len(v.Command) == 0 {
				r.fail(n, "command: [python, app.py], or contract: functions", "nothing says what is started")
			}
			if v.Contract == lab.HTTP && v.Settings != (lab.Settings{}) {
				r.fail(n.Value("settings"), "contract: functions has one", "settings are a function host's")
			}
		},
	}
}

func settings() object[lab.Settings] {
	return object[lab.Settings]{
		title: "settings",
		fields: []field[lab.Settings]{
			at("batch", "Messages that are leased at once.", whole(1, 32), func(s *lab.Settings) *int { return &s.Batch }),
			at("parallel", "Calls at once.", whole(1, 10000), func(s *lab.Settings) *int { return &s.Parallel }),
		},
		check: func(r *reader, n tree.Node, s *lab.Settings) {
			if s.Parallel > 0 && s.Parallel < s.Batch {
				r.fail(n.Value("parallel"), "parallel is at least batch", "parallel is %d: fewer than the %d of batch", s.Parallel, s.Batch)
			}
		},
	}
}

func settle() object[lab.Settle] {
	return object[lab.Settle]{
		title: "settle",
		fields: []field[lab.Settle]{
			by("true", at("collect", "Have the worker collect its garbage first, where it can.", flag(), func(s *lab.Settle) *bool { return &s.Collect })),
			by("2s", at("idle", "The least wait for memory to come to rest.", wait(0, time.Hour), func(s *lab.Settle) *time.Duration { return &s.Idle })),
		},
	}
}

func collect() object[lab.Collect] {
	return object[lab.Collect]{
		title: "collect",
		fields: []field[lab.Collect]{
			by("500ms", at("every", "Between two samples of memory.", wait(10*time.Millisecond, time.Minute), func(c *lab.Collect) *time.Duration { return &c.Every })),
			by("64MiB", at("logs", "What is kept of the worker's lines.", fixedSize(0), func(c *lab.Collect) *bytesize.Size { return &c.Logs })),
			by("true", at("calls", "A row for each call of a dependency.", flag(), func(c *lab.Collect) *bool { return &c.Calls })),
		},
	}
}

// folder is a folder within the experiment's: a lab can be copied with all that it
// runs.
func folder() kind[string] {
	return kind[string]{"folder", func() *Schema { return &Schema{Type: types{"string"}} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return "", false
		}
		clean := path.Clean(s)
		switch {
		case strings.HasPrefix(clean, "/"), clean == "..", strings.HasPrefix(clean, "../"), strings.ContainsAny(clean, "\\\x00"):
			r.fail(n, "a folder below the one that experiment.yaml is in", "%s is %q, outside the experiment's folder", what, clip(s))
			return "", false
		case r.folder != nil && !r.folder(clean):
			r.fail(n, "it is looked for beside experiment.yaml", "%s: there is no folder %s", what, clip(clean))
			return "", false
		}
		return clean, true
	}}
}
