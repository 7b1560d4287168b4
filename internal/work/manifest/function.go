package manifest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// key is one of a function's, and whose triggers have it; all, if none is named.
type key struct {
	name string
	of   []funcapp.Type
}

func (k key) has(t funcapp.Type) bool { return len(k.of) == 0 || slices.Contains(k.of, t) }

// functionKeys are those of a function.
func functionKeys() []key {
	messages := []funcapp.Type{funcapp.QueueTrigger, funcapp.BlobTrigger}
	return []key{
		{"queue", nil},
		{"blob", nil},
		{"timer", nil},
		{"path", nil},
		{"store", nil},
		{"in", nil},
		{"out", nil},
		{"answer", nil},
		{"timeout", nil},
		{"disabled", nil},
		{"batch", messages},
		{"parallel", messages},
		{"tries", messages},
		{"retry-after", []funcapp.Type{funcapp.QueueTrigger}},
		{"poll", []funcapp.Type{funcapp.QueueTrigger}},
		{"payload", []funcapp.Type{funcapp.BlobTrigger}},
		{"run-on-start", []funcapp.Type{funcapp.TimerTrigger}},
	}
}

// word is how people write a trigger.
func word(t funcapp.Type) string { return strings.TrimSuffix(string(t), "Trigger") }

// triggerName is what the trigger's payload is called: where it is lent, its URL is
// in Stanch-Url-Trigger.
const triggerName = "trigger"

// The defaults of what bounds a function.
const (
	defaultParallel = 24
	defaultTries    = 5
	defaultPoll     = 2 * time.Second
)

// function reads one.
func (r *reader) function(m *Manifest, name string, f fields) {
	fn := funcapp.Function{Name: name, Disabled: f.flag("disabled")}
	store := f.store(funcapp.DefaultConnection)
	fn.Trigger = f.trigger(store)
	f.only(fn.Trigger.Type, functionKeys())
	if fn.Trigger.Type == funcapp.BlobTrigger {
		fn.Trigger.Streamed = f.choice("payload", "body", "url") == "url"
	}
	fn.Trigger.RunOnStartup = f.flag("run-on-start")
	f.bindings(&fn, store)
	m.Functions = append(m.Functions, fn)
	m.Paths[name] = f.path(name)
	m.Settings[name] = f.bounds()
}

// trigger reads what brings the function its work; without a type if nothing does.
func (f fields) trigger(store string) funcapp.Binding {
	b := funcapp.Binding{Name: triggerName, Connection: store}
	var first string
	for _, k := range []string{"queue", "blob", "timer"} {
		e, found := f.get(k)
		if !found {
			continue
		}
		if first != "" {
			f.fail(e.Line, e.Column, "another function may have the same path", "%s has %s and %s: what triggers it is one of them", f.what, first, k)
			continue
		}
		first = k
		b.Type = funcapp.Type(k + "Trigger")
		n, ok := f.text(k)
		if !ok {
			continue
		}
		text, changed, ok := f.settings(k, n, 0)
		if !ok {
			continue
		}
		switch b.Type {
		case funcapp.QueueTrigger:
			b.Queue = f.queue(k, n, 0, text, changed, true)
		case funcapp.BlobTrigger:
			pattern, err := expression.ParsePattern(text)
			if err != nil {
				f.fault(k, n, 0, changed, err)
				continue
			}
			b.Pattern = pattern
		case funcapp.TimerTrigger:
			f.timer(&b, n, text, changed)
		}
	}
	if first == "" {
		f.fail(f.node.Line, f.node.Column, `queue: NAME, blob: CONTAINER/{name} or timer: "0 */5 * * * *"`, "nothing triggers %s", f.what)
	}
	return b
}

func (f fields) timer(b *funcapp.Binding, n tree.Node, text string, changed bool) {
	var err error
	if b.Schedule, err = schedule.Parse(text); err != nil {
		f.fault("timer", n, 0, changed, err)
		return
	}
	for _, trap := range schedule.Traps(text) {
		if !changed {
			f.add(funcapp.Mistake{Line: n.Line, Column: n.At(max(trap.Column-1, 0)), Text: "timer: " + trap.Problem, Hint: trap.Hint, Warning: true})
		}
	}
	b.UseMonitor = b.Schedule.Persistent()
}

// queue reads the name of a queue, which in a trigger is fixed.
func (f fields) queue(key string, n tree.Node, skip int, text string, changed, fixed bool) *expression.Template {
	t, err := expression.Parse(text)
	if err != nil {
		f.fault(key, n, skip, changed, err)
		return nil
	}
	name, is := t.Fixed()
	switch {
	case !is && fixed:
		f.fail(n.Line, n.Column, "a name, or %VARIABLE%", "%s: the queue of a trigger can't be an expression", key)
		return nil
	case is:
		if err := work.CheckName("queue", name); err != nil {
			f.fault(key, n, skip, changed, err)
			return nil
		}
	}
	return t
}

// path is where deliveries go.
func (f fields) path(name string) string {
	n, found := f.text("path")
	if !found {
		return "/" + name
	}
	path := strings.TrimSpace(n.Text)
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("#%{}|\\^`\"<>", c) }) {
		f.fail(n.Line, n.Column, "as in /resize", "path is %q, which no request has", clip(path))
		return "/" + name
	}
	return path
}

// bounds reads how much of the function runs at once, for how long and how often.
func (f fields) bounds() funcapp.Host {
	var h funcapp.Host
	h.Timeout = f.duration("timeout", time.Second, 7*24*time.Hour, 0)
	batch := f.integer("batch", 1, 32, 0)
	parallel := f.integer("parallel", 1, math.MaxInt32, 0)
	e, _ := f.get("batch")
	switch {
	case batch > 0 && parallel > 0 && parallel < batch:
		f.fail(e.Line, e.Column, "parallel is at least batch", "batch is %d: more than the %d of parallel", batch, parallel)
	case batch > 0 && parallel == 0:
		parallel = batch + batch/2
	case batch == 0:
		if parallel == 0 {
			parallel = defaultParallel
		}
		batch, _ = funcapp.Parallel(parallel)
	}
	threshold := max(0, parallel-batch)
	tries := f.integer("tries", 1, math.MaxInt32, defaultTries)
	h.Queues = funcapp.Queues{
		BatchSize: batch, NewBatchThreshold: threshold, MaxDequeueCount: tries,
		MaxPollingInterval: f.duration("poll", 100*time.Millisecond, 24*time.Hour, defaultPoll),
		VisibilityTimeout:  f.duration("retry-after", 0, 7*24*time.Hour, 0), // the longest that a queue of Azure hides a message
	}
	h.Blobs = funcapp.Blobs{MaxParallel: parallel, BatchSize: batch, NewBatchThreshold: threshold, PoisonThreshold: tries}
	return h
}
