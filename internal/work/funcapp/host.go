package funcapp

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// Host is what host.json says, with Azure's defaults for what it does not say.
type Host struct {
	Timeout       time.Duration // functionTimeout; 0: none
	MaxConcurrent int           // invocations of all functions at once, by the setting MAX_CONCURRENT_INVOCATIONS; 0: no bound
	HTTP          HTTPSettings
	Queues        Queues
	Blobs         Blobs
	Handler       *Handler // of a custom handler; nil without one
}

// HTTPSettings is extensions.http.
type HTTPSettings struct {
	RoutePrefix    string // without slashes at its ends; "api", empty for none
	MaxConcurrent  int    // requests at once; 0: no bound
	MaxOutstanding int    // requests at once and waiting; 0: no bound
}

// Queues is extensions.queues.
type Queues struct {
	BatchSize          int           // messages that are taken at once
	NewBatchThreshold  int           // take more when only so many are in work
	MaxPollingInterval time.Duration // between two looks at an empty queue
	VisibilityTimeout  time.Duration // how long a message that failed is hidden
	MaxDequeueCount    int           // deliveries before a message is poison
	Plain              bool          // messageEncoding none: bodies are not base64
}

// Blobs is extensions.blobs.
type Blobs struct {
	MaxParallel       int // blobs in work at once
	BatchSize         int // of the queue that blobs pass through; the setting BLOB_BATCH_SIZE comes first
	NewBatchThreshold int
	PoisonThreshold   int // tries before a blob is poison
}

// Parallel splits the number of blobs in work at once into the batch and the
// threshold of the queue they pass through, as Azure's host does.
func Parallel(blobs int) (batch, threshold int) {
	batch = min(32, blobs/2+1)
	return batch, max(0, blobs-batch)
}

func defaultHost(processors int) Host {
	h := Host{
		HTTP:   HTTPSettings{RoutePrefix: "api"},
		Queues: Queues{BatchSize: 16, MaxPollingInterval: time.Minute, MaxDequeueCount: 5},
		Blobs:  Blobs{MaxParallel: 8 * processors, PoisonThreshold: 5},
	}
	h.Queues.NewBatchThreshold = h.Queues.BatchSize / 2 * processors
	h.Blobs.BatchSize, h.Blobs.NewBatchThreshold = Parallel(h.Blobs.MaxParallel)
	return h
}

func readHost(r *reader) {
	h := &r.app.Host
	*h = defaultHost(r.app.Processors)
	f, top := r.open("host.json")
	if f == nil {
		if len(r.mistakes) == 0 || r.mistakes[len(r.mistakes)-1].File != "host.json" {
			r.mistakes = append(r.mistakes, Mistake{File: "host.json", Text: "it is not there", Hint: `{"version": "2.0"} is the shortest one`})
		}
		return
	}
	if top != nil {
		r.host(top, h)
	}
	r.mistakes = append(r.mistakes, f.done()...)
}

func (r *reader) host(top *object, h *Host) {
	version, found := top.get("version")
	switch {
	case !found:
		top.mistake(top.at, `"version" is missing`, `"version": "2.0"`)
	case version.Text != "2.0":
		top.mistake(version.At, `"version" is not "2.0"`, `"version": "2.0" is that of the file, whatever the runtime's is`)
	}
	h.Timeout = timeout(top)
	if extensions := top.child("extensions"); extensions != nil {
		if o := extensions.child("http"); o != nil {
			h.HTTP.read(o)
		}
		if o := extensions.child("queues"); o != nil {
			h.Queues.read(o, r.app.Processors)
		}
		if o := extensions.child("blobs"); o != nil {
			h.Blobs.read(o)
		}
		// Timers need no settings here, and what stanch does not run needs none.
		extensions.ignore("timers", "cosmosDB", "durableTask", "eventHubs", "kafka", "sendGrid", "serviceBus", "signalR", "tables", "warmup", "mcp")
		extensions.rest()
	}
	for i, v := range top.texts("functions") {
		if i == maxFunctions {
			top.mistake(v.At, fmt.Sprintf(`"functions" has more than %d names`, maxFunctions), "")
			break
		}
		if r.app.only == nil {
			r.app.only = map[string]bool{}
		}
		r.app.only[strings.ToLower(v.Text)] = true
	}
	r.handler(top, h)
	if v, found := top.get("concurrency"); found {
		top.warn(v.At, `"concurrency" is passed over`, "stanch admits work by the memory that it takes")
	}
	if v, found := top.get("retry"); found {
		top.warn(v.At, `"retry" has no effect in host.json`, "a retry policy belongs to a function, in function.json")
	}
	top.ignore("$schema", "aggregator", "applicationInsights", "extensionBundle", "healthMonitor", "id", "isDefaultHostConfig", "logging",
		"managedDependency", "metadataProviderTimeout", "sendCanceledInvocationsToWorker", "singleton", "telemetryMode", "tracing", "watchDirectories", "watchFiles")
	top.rest()
}

// timeout is functionTimeout: null, -1 and nothing mean none.
func timeout(top *object) time.Duration {
	v, found := top.get("functionTimeout")
	if !found || strings.TrimSpace(v.Text) == "-1" && (v.Kind == jsonpos.String || v.Kind == jsonpos.Number) {
		return 0
	}
	return top.span("functionTimeout", time.Second, 10*365*24*time.Hour, 0)
}

func (h *HTTPSettings) read(o *object) {
	if prefix, at, found := o.text("routePrefix"); found {
		if strings.ContainsAny(prefix, "{}?#%\\ ") {
			o.mistake(at, `"routePrefix" has a sign that no path has`, `letters, digits, - and /, as in "api/v2"`)
		} else {
			h.RoutePrefix = strings.Trim(prefix, "/")
		}
	}
	h.MaxConcurrent = max(0, o.integer("maxConcurrentRequests", -1, math.MaxInt32, 0))
	h.MaxOutstanding = max(0, o.integer("maxOutstandingRequests", -1, math.MaxInt32, 0))
	o.ignore("dynamicThrottlesEnabled", "hsts", "customHeaders")
	o.rest()
}

func (q *Queues) read(o *object, processors int) {
	q.BatchSize = o.integer("batchSize", 1, 32, q.BatchSize)
	q.NewBatchThreshold = o.integer("newBatchThreshold", 0, math.MaxInt32, q.BatchSize/2*processors)
	q.MaxPollingInterval = o.span("maxPollingInterval", 100*time.Millisecond, 24*time.Hour, q.MaxPollingInterval)
	// Seven days is the longest that a queue of Azure hides a message.
	q.VisibilityTimeout = o.span("visibilityTimeout", 0, 7*24*time.Hour, q.VisibilityTimeout)
	q.MaxDequeueCount = o.integer("maxDequeueCount", 1, math.MaxInt32, q.MaxDequeueCount)
	q.Plain = o.choice("messageEncoding", "base64", "none") == "none"
	o.rest()
}

func (b *Blobs) read(o *object) {
	b.MaxParallel = o.integer("maxDegreeOfParallelism", 1, math.MaxInt32, b.MaxParallel)
	b.BatchSize, b.NewBatchThreshold = Parallel(b.MaxParallel)
	b.PoisonThreshold = o.integer("poisonBlobThreshold", 1, math.MaxInt32, b.PoisonThreshold)
	o.rest()
}
