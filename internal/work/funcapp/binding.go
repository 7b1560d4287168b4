package funcapp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// Type is what a binding is, as function.json writes it.
type Type string

// The types that stanch runs.
const (
	QueueTrigger Type = "queueTrigger"
	BlobTrigger  Type = "blobTrigger"
	TimerTrigger Type = "timerTrigger"
	HTTPTrigger  Type = "httpTrigger"
	Queue        Type = "queue"
	Blob         Type = "blob"
	HTTP         Type = "http"
)

func ourTypes() []string {
	return []string{string(QueueTrigger), string(BlobTrigger), string(TimerTrigger), string(HTTPTrigger), string(Queue), string(Blob), string(HTTP)}
}

// foreignTypes are those of Azure that stanch does not run.
func foreignTypes() []string {
	return []string{
		"activityTrigger", "assistantSkillTrigger", "cosmosDB", "cosmosDBTrigger", "daprServiceInvocationTrigger", "durableClient", "entityTrigger",
		"eventGrid", "eventGridTrigger", "eventHub", "eventHubTrigger", "kafka", "kafkaTrigger", "mcpToolTrigger", "mysql", "mysqlTrigger",
		"orchestrationClient", "orchestrationTrigger", "rabbitMQ", "rabbitMQTrigger", "redisPubSubTrigger", "sendGrid", "serviceBus", "serviceBusTrigger",
		"signalR", "signalRConnectionInfo", "signalRTrigger", "sql", "sqlTrigger", "table", "twilioSms", "warmupTrigger",
	}
}

// Return is the name of the output that a function's return value goes to.
const Return = "$return"

// Data is how a function takes a value.
type Data string

// The kinds of data; without one, a function takes what its language does.
const (
	AnyData    Data = ""
	TextData   Data = "string"
	BinaryData Data = "binary"
	StreamData Data = "stream"
)

// Binding is one input or output of a function. The fields below Connection are
// those of some types only.
type Binding struct {
	Type       Type
	Name       string
	Out        bool
	Data       Data
	Deferred   bool   // the worker opens the blob itself (supportsDeferredBinding)
	Connection string // name of the setting with the connection; DefaultConnection if none is given

	Queue     *expression.Template // queueTrigger, where it is fixed, and queue; Azure takes its result in lower case
	Path      *expression.Template // blob: container/path
	Pattern   *expression.Pattern  // blobTrigger
	Streamed  bool                 // blob as an input, blobTrigger: the function is given a URL to read from (stanchMode)
	EventGrid bool                 // blobTrigger: events come by webhook, and containers are not scanned

	Schedule     schedule.Schedule // timerTrigger
	RunOnStartup bool
	UseMonitor   bool // the last tick is remembered

	AuthLevel string   // httpTrigger: anonymous, function or admin
	Methods   []string // httpTrigger: in capitals; all if there are none
	Route     string   // httpTrigger: without the prefix, and without slashes at its ends
}

// bound is a binding with its place.
type bound struct {
	Binding
	o       *object
	foreign bool // of a type that is not run; the mistake is told
	texts   []templated
}

// templated is a template of a binding and where it stands.
type templated struct {
	template *expression.Template
	resolved resolved
	key      string
}

// binding reads one. The function's name is the default of a route.
func (o *object) binding(function string) bound {
	b := bound{o: o}
	o.what = "the binding"
	b.kind()
	b.Name, _, _ = o.text("name")
	o.what = fmt.Sprintf("the binding %q", clip(b.Name))
	v, found := o.get("name")
	switch {
	case !found:
		o.mistake(o.at, `a binding without a "name"`, "the name that the function knows it by")
	case !bindingName(b.Name):
		o.mistake(v.At, fmt.Sprintf("%q is no name of a binding", clip(b.Name)), "up to 128 letters, digits and _, with a letter at the front, or $return")
	}
	b.direction()
	b.Data = Data(o.choice("dataType", "", "string", "binary", "stream", "undefined"))
	if b.Data == "undefined" {
		b.Data = AnyData
	}
	if properties := o.child("properties"); properties != nil {
		b.Deferred = properties.flag("supportsDeferredBinding", false)
	}
	o.ignore("cardinality", "$schema")
	if b.foreign {
		return b
	}
	switch b.Type {
	case QueueTrigger, Queue:
		b.connection()
		b.queue()
	case BlobTrigger:
		b.connection()
		b.pattern()
		b.mode()
		b.EventGrid = o.choice("source", "LogsAndContainerScan", "EventGrid") == "EventGrid"
	case Blob:
		b.connection()
		b.path()
		if !b.Out {
			b.mode()
		}
	case TimerTrigger:
		b.timer()
	case HTTPTrigger:
		b.http(function)
	}
	o.rest()
	return b
}

// modeKey is a property of stanch's own. Azure passes over those that it does not
// know.
const modeKey = "stanchMode"

// mode says how a payload reaches the function: in the invocation, or by a URL.
func (b *bound) mode() { b.Streamed = b.o.choice(modeKey, "buffered", "streamed") == "streamed" }

// keepStreams tells of bindings that ask for a URL where a worker would take it
// for the payload, and gives them the payload.
func keepStreams(all []bound, handler bool) {
	for i, b := range all {
		if b.Streamed && !handler {
			v, _ := b.o.get(modeKey)
			b.o.warn(v.At, fmt.Sprintf("%q is passed over: language workers take no URLs", modeKey), "only a custom handler knows what to do with one; large payloads reach a Python worker through shared memory")
			all[i].Streamed = false
		}
	}
}

func bindingName(name string) bool {
	if name == Return {
		return true
	}
	for i, r := range name {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && (r >= '0' && r <= '9' || r == '_') {
			continue
		}
		return false
	}
	return name != "" && len(name) <= 128
}

// kind reads the type.
func (b *bound) kind() {
	b.foreign = true
	text, at, found := b.o.text("type")
	if !found {
		if v, there := b.o.get("type"); !there {
			b.o.mistake(v.At, `a binding without a "type"`, "one of "+strings.Join(ourTypes(), ", "))
		}
		return
	}
	same := func(other string) bool { return strings.EqualFold(other, text) }
	if i := slices.IndexFunc(ourTypes(), same); i >= 0 {
		b.Type, b.foreign = Type(ourTypes()[i]), false
		return
	}
	b.Type = Type(text)
	if slices.ContainsFunc(foreignTypes(), same) {
		b.o.mistake(at, fmt.Sprintf("bindings of the type %q are Azure's alone", clip(text)), "stanch runs "+strings.Join(ourTypes(), ", "))
		return
	}
	b.o.mistake(at, fmt.Sprintf("there is no type of binding %q", clip(text)), meant(text, ourTypes()))
}

// trigger says that the type is one, known or not.
func (b *bound) trigger() bool {
	return len(b.Type) >= len("trigger") && strings.EqualFold(string(b.Type[len(b.Type)-len("trigger"):]), "trigger")
}

// direction checks it against the type.
func (b *bound) direction() {
	direction := b.o.choice("direction", "in", "out", "inout")
	v, _ := b.o.get("direction")
	b.Out = direction == "out"
	switch {
	case b.foreign:
	case direction == "inout":
		b.o.mistake(v.At, `a binding is either "in" or "out"`, "two bindings, with a name for each")
	case b.trigger() && b.Out:
		b.o.mistake(v.At, `a trigger has the direction "in"`, "")
		b.Out = false
	case (b.Type == Queue || b.Type == HTTP) && !b.Out:
		b.o.mistake(v.At, fmt.Sprintf(`a binding of the type %q has the direction "out"`, b.Type), "")
		b.Out = true
	case b.Name == Return && !b.Out:
		b.o.mistake(v.At, `$return is an output`, `"direction": "out"`)
		b.Out = true
	}
}
