package funcapp

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// Function is one function of an app.
type Function struct {
	Name     string
	Folder   string // within the app; empty if it has none
	Disabled bool   // by its file, a setting or host.json's list of functions
	Script   string // within the app; empty where there is none
	Entry    string // entryPoint: the name in the script; may be empty
	Retry    *Retry // nil without a policy
	Trigger  Binding
	Inputs   []Binding // as they are listed, without the trigger
	Outputs  []Binding
}

// Retry is a function's retry policy.
type Retry struct {
	Max         int // tries after the first; -1: without end
	Exponential bool
	Delay       time.Duration // between tries, if it is not exponential
	Least, Most time.Duration // between which the delay grows, if it is
}

const maxBindings = 100

// function reads a function.json.
func (r *reader) function(top *object, folder string) Function {
	fn := Function{Name: folder, Folder: folder}
	fn.Disabled = r.app.disabled(top, folder)
	if !soundName(folder) {
		top.mistake(top.at, fmt.Sprintf("the folder's name %q is no name of a function", clip(folder)), "up to 128 letters, digits, - and _, with a letter at the front")
	}
	fn.Entry, _, _ = top.text("entryPoint")
	fn.Retry = readRetry(top.child("retry"))
	r.script(top, &fn)
	var all []bound
	v, found := top.get("bindings")
	switch {
	case !found:
		top.mistake(v.At, `"bindings" is missing`, `"bindings": [{"type": "queueTrigger", "direction": "in", …}]`)
	case v.Kind != jsonpos.List:
		top.wrong("bindings", v, "a list of objects", "")
	case len(v.Items) > maxBindings:
		top.mistake(v.At, fmt.Sprintf("the function has %d bindings", len(v.Items)), fmt.Sprintf("at most %d", maxBindings))
	default:
		for _, item := range v.Items {
			if o, ok := top.object(item, "a binding"); ok {
				all = append(all, o.binding(folder))
			}
		}
		keepStreams(all, r.app.Host.Handler != nil)
		fn.assemble(top, v.At, all)
	}
	top.ignore("$schema", "configurationSource", "excluded", "functionDirectory", "functionId", "generatedBy", "language", "name", "properties")
	top.rest()
	return fn
}

// soundName is Azure's rule for the names of functions.
func soundName(name string) bool {
	if name == "" || len(name) > 128 || strings.EqualFold(name, "host") {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return true
}

// disabled asks the file, which may name a setting, then the settings that Azure
// has for it, then the list in host.json. With no file, top is nil.
func (a *App) disabled(top *object, name string) bool {
	on := func(setting string) bool {
		value, _ := a.Settings.Lookup(setting)
		return value == "1" || strings.EqualFold(value, "true")
	}
	if top != nil {
		v, found := top.get("disabled")
		switch {
		case !found:
		case v.Kind == jsonpos.String && !strings.EqualFold(v.Text, "true") && !strings.EqualFold(v.Text, "false"):
			if on(strings.Trim(v.Text, "%")) {
				return true
			}
		case top.flag("disabled", false):
			return true
		}
	}
	return on("AzureWebJobs."+name+".Disabled") || on("AzureWebJobs_"+name+"_Disabled") ||
		a.only != nil && !a.only[strings.ToLower(name)]
}

func readRetry(o *object) *Retry {
	if o == nil {
		return nil
	}
	const longest = 365 * 24 * time.Hour
	r := &Retry{Exponential: o.choice("strategy", "fixedDelay", "exponentialBackoff") == "exponentialBackoff"}
	o.needs("strategy", "maxRetryCount")
	r.Max = o.integer("maxRetryCount", -1, 1<<31-1, 0)
	r.Delay = o.span("delayInterval", 0, longest, 0)
	r.Least = o.span("minimumInterval", 0, longest, 0)
	r.Most = o.span("maximumInterval", 0, longest, 0)
	if r.Exponential {
		o.needs("minimumInterval", "maximumInterval")
		if r.Most < r.Least {
			o.mistake(o.at, `"maximumInterval" is less than "minimumInterval"`, "")
		}
	} else {
		o.needs("delayInterval")
	}
	o.rest()
	return r
}

// needs tells of keys that are not there.
func (o *object) needs(keys ...string) {
	for _, key := range keys {
		if v, found := o.get(key); !found {
			o.mistake(v.At, fmt.Sprintf("%q is missing in %s", key, o.what), "")
		}
	}
}

// script finds the function's file: the one that scriptFile names, else what
// Azure takes for it.
func (r *reader) script(top *object, fn *Function) {
	name, at, found := top.text("scriptFile")
	if found && name != "" {
		file := path.Join(fn.Folder, strings.ReplaceAll(name, `\`, "/"))
		switch {
		case !fs.ValidPath(file) || path.IsAbs(name):
			top.mistake(at, `"scriptFile" is outside of the app`, "a path from the function's folder")
		case !exists(r.folder, file):
			top.mistake(at, fmt.Sprintf(`the file %q of "scriptFile" is not there`, clip(file)), "a path from the function's folder")
		default:
			fn.Script = file
		}
		return
	}
	entries, err := fs.ReadDir(r.folder, fn.Folder)
	if err != nil {
		return
	}
	var files []string
	for _, entry := range entries {
		if name := entry.Name(); !entry.IsDir() && name != "function.json" {
			files = append(files, name)
		}
	}
	i := slices.IndexFunc(files, func(name string) bool {
		lower := strings.ToLower(name)
		return strings.TrimSuffix(lower, path.Ext(lower)) == "run" || slices.Contains([]string{"index.js", "index.mjs", "index.cjs", "__init__.py"}, lower)
	})
	switch {
	case len(files) == 1:
		fn.Script = path.Join(fn.Folder, files[0])
	case i >= 0:
		fn.Script = path.Join(fn.Folder, files[i])
	case r.app.Host.Handler == nil && (r.app.Runtime == "python" || r.app.Runtime == "node"):
		top.mistake(top.at, `the folder has no script, and "scriptFile" names none`, `"scriptFile": "__init__.py", or "index.js"`)
	}
}

func inFolder(folder fs.FS, name string) bool {
	file := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	return fs.ValidPath(file) && exists(folder, file)
}
