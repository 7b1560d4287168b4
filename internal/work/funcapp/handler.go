package funcapp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// Handler is customHandler of host.json: the worker that answers over HTTP.
type Handler struct {
	Executable       string // as it is written; a file of the folder if InFolder, else looked up on PATH
	InFolder         bool
	Script           string   // defaultWorkerPath: a file that comes first after the arguments; may be empty
	Arguments        []string // before Script, settings put in
	ScriptArguments  []string // after it
	WorkingDirectory string   // within the folder; empty for the folder itself
	Forward          bool     // HTTP functions get the request itself, not an invocation
	Proxy            bool     // the same, and bodies are streamed
	Port             int      // that the worker listens on; 0: stanch chooses
	StartTimeout     time.Duration
	AuthLevel        string // of Routes that say nothing
	Legacy           bool   // the section was httpWorker: requests go to /NAME
}

// handler reads customHandler, or the older httpWorker.
func (r *reader) handler(top *object, h *Host) {
	o, legacy := top.child("customHandler"), top.child("httpWorker")
	profile := top.choice("configurationProfile", "", "mcp-custom-handler")
	switch {
	case o != nil && legacy != nil:
		top.warn(legacy.at, `"httpWorker" is passed over, since there is "customHandler"`, "")
	case o == nil && legacy != nil:
		top.warn(legacy.at, `"httpWorker" is the old name`, `"customHandler"`)
		o = legacy
	case o == nil && profile != "":
		top.mistake(top.at, `"configurationProfile" wants a "customHandler"`, "")
		return
	case o == nil:
		return
	}
	c := &Handler{Legacy: o == legacy, StartTimeout: 30 * time.Second}
	h.Handler = c
	if d := o.child("description"); d != nil {
		r.description(d, c)
	} else if v, found := o.get("description"); !found {
		o.mistake(v.At, `"description" is missing, which says what to run`, `"description": {"defaultExecutablePath": "handler"}`)
	}
	o.ignore("type")
	c.Forward = o.flag("enableForwardingHttpRequest", false)
	c.Proxy = o.flag("enableProxyingHttpRequest", false)
	c.StartTimeout = o.span("initializationTimeout", time.Second, time.Hour, c.StartTimeout)
	c.Port = o.port("port")
	c.AuthLevel = "function"
	if http := o.child("http"); http != nil {
		c.Proxy = http.flag("enableProxying", c.Proxy)
		c.AuthLevel = http.choice("defaultAuthorizationLevel", "function", "anonymous", "admin")
		r.routes(http, c)
		http.rest()
	}
	if profile != "" {
		c.Proxy = true
		h.HTTP.RoutePrefix = ""
		if len(r.app.Functions) == 0 {
			r.route("{*route}", c.AuthLevel)
			r.routed = Mistake{File: o.name, Text: `"configurationProfile" has a route of its own, and there are folders with function.json`, Hint: "one or the other"}
			r.routed.Line, r.routed.Column = jsonpos.Place(o.file.text, o.at)
		}
	}
	o.rest()
}

func (r *reader) description(d *object, c *Handler) {
	executable, at, found := d.resolved("defaultExecutablePath")
	if _, there := d.get("defaultExecutablePath"); !there || found && executable.value == "" {
		d.mistake(at, `"defaultExecutablePath" is missing, which says what to run`, `"defaultExecutablePath": "handler"`)
	}
	c.Executable = executable.value
	c.InFolder = inFolder(r.folder, c.Executable)
	if strings.Contains(c.Executable, "/") && !c.InFolder && !strings.HasPrefix(c.Executable, "/") && found {
		d.mistake(at, `the file of "defaultExecutablePath" is not in the folder`, "a path from the app's folder, or a name that is on PATH")
	}
	c.Script, _, _ = d.text("defaultWorkerPath")
	c.Arguments = d.arguments("arguments")
	c.ScriptArguments = d.arguments("workerArguments")
	c.WorkingDirectory, _, _ = d.text("workingDirectory")
	d.rest()
}

// arguments is a list of texts, or a text with that list in it; in each, %NAME%
// stands for a setting. One that is not there stays as it is, as everywhere
// where Windows expands such names.
func (o *object) arguments(key string) (all []string) {
	items := []jsonpos.Value{}
	if v, found := o.get(key); found && v.Kind == jsonpos.String {
		var texts []string
		if err := json.Unmarshal([]byte(v.Text), &texts); err != nil {
			o.wrong(key, v, "a list of texts", `["one", "two"]`)
		}
		for _, text := range texts {
			items = append(items, jsonpos.Value{Kind: jsonpos.String, At: v.At, End: v.End, Text: text})
		}
	} else {
		items = o.texts(key)
	}
	for _, item := range items {
		var b strings.Builder
		rest := item.Text
		for {
			before, after, found := strings.Cut(rest, "%")
			b.WriteString(before)
			if !found {
				break
			}
			name, behind, closed := strings.Cut(after, "%")
			if !closed {
				b.WriteString("%" + after)
				break
			}
			value, set := o.settings.Lookup(name)
			if !set {
				o.warn(item.At, fmt.Sprintf("there is no app setting %q: the argument keeps its text", clip(name)), "")
				b.WriteString("%" + name)
				rest = "%" + behind
				continue
			}
			b.WriteString(value)
			rest = behind
		}
		all = append(all, b.String())
	}
	return all
}

// port is a number or a text, in which a setting may stand.
func (o *object) port(key string) int {
	if v, _ := o.get(key); v.Kind != jsonpos.String {
		return o.integer(key, 1, 65535, 0)
	}
	port, at, found := o.resolved(key)
	n, err := strconv.Atoi(strings.TrimSpace(port.value))
	if found && (err != nil || n < 1 || n > 65535) {
		o.mistake(at, fmt.Sprintf("%q is no port", key), "1 to 65535")
		return 0
	}
	return n
}

// routes makes functions of customHandler.http.routes.
func (r *reader) routes(http *object, c *Handler) {
	v, found := http.get("routes")
	if !found {
		return
	}
	if v.Kind != jsonpos.List {
		http.wrong("routes", v, "a list of objects", `[{"route": "{*route}"}]`)
		return
	}
	for i, item := range v.Items {
		if i == maxFunctions {
			http.mistake(item.At, fmt.Sprintf("the app has more than %d routes", maxFunctions), "")
			return
		}
		o, ok := http.object(item, "a route")
		if !ok {
			continue
		}
		route, at, found := o.text("route")
		if !found {
			o.mistake(at, `"route" is missing`, `"{*route}" for every path`)
		}
		level := o.choice("authorizationLevel", c.AuthLevel, "anonymous", "function", "admin")
		o.rest()
		checkRoute(o, route, at)
		r.route(route, level)
	}
	r.routed = Mistake{File: http.name, Text: `"routes" and folders with function.json exclude each other`, Hint: "one or the other"}
	r.routed.Line, r.routed.Column = jsonpos.Place(http.file.text, v.At)
}

// route is the function that stands for one route, as Azure calls it.
func (r *reader) route(route, level string) {
	name := "http-handler" + strconv.Itoa(len(r.app.Functions)+1)
	r.app.Functions = append(r.app.Functions, Function{
		Name:    name,
		Trigger: Binding{Type: HTTPTrigger, Name: "req", Route: strings.Trim(route, "/"), AuthLevel: level},
		Outputs: []Binding{{Type: HTTP, Name: "res", Out: true}},
	})
	r.app.Model = Routes
}
