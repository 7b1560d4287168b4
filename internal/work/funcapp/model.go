package funcapp

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/route/pattern"
)

func runtimes() []string {
	return []string{"custom", "dotnet-isolated", "java", "node", "powershell", "python"}
}

// indexed says that the app is of Python's newer model, where the worker alone
// knows the functions, whatever else lies in the folder.
func (r *reader) indexed() bool {
	if r.app.Host.Handler != nil || r.app.Runtime != "python" {
		return false
	}
	script, found := r.app.Settings.Lookup("PYTHON_SCRIPT_FILE_NAME")
	if !found || script == "" {
		script = "function_app.py"
	}
	if !inFolder(r.folder, script) {
		return false
	}
	r.app.Model = Indexed
	if legacy, _ := fs.Glob(r.folder, "*/function.json"); len(legacy) > 0 {
		r.mistakes = append(r.mistakes, Mistake{
			File: legacy[0], Warning: true,
			Text: "it is passed over: the app has a " + path.Base(script) + ", and so the functions are those that it declares",
		})
	}
	return true
}

// model finds out the rest: which model it is, and whether the app can be run.
func (r *reader) model() {
	a := r.app
	settings := func(text, hint string) {
		r.mistakes = append(r.mistakes, Mistake{File: settingsFile, Text: text, Hint: hint})
	}
	const where = "set it in the environment, or in Values of local.settings.json"
	switch {
	case a.Host.Handler != nil:
		if a.Runtime != "custom" && a.Runtime != "" {
			r.mistakes = append(r.mistakes, Mistake{
				File: settingsFile, Warning: true,
				Text: fmt.Sprintf("FUNCTIONS_WORKER_RUNTIME is %q, and host.json has a customHandler, which counts", clip(a.Runtime)), Hint: "custom",
			})
		}
		a.Runtime = "custom"
	case a.Runtime == "":
		hint := "one of " + strings.Join(runtimes(), ", ") + "; " + where
		if exists(r.folder, "function_app.py") || exists(r.folder, "requirements.txt") {
			hint = "python, it seems; " + where
		} else if exists(r.folder, "package.json") {
			hint = "node, it seems; " + where
		}
		settings("nothing says what runs the functions: FUNCTIONS_WORKER_RUNTIME is not set, and host.json has no customHandler", hint)
	case a.Runtime == "custom":
		r.mistakes = append(r.mistakes, Mistake{File: "host.json", Text: `FUNCTIONS_WORKER_RUNTIME is custom, and there is no "customHandler"`, Hint: `"customHandler": {"description": {"defaultExecutablePath": "handler"}}`})
	case !slices.Contains(runtimes(), a.Runtime):
		settings(fmt.Sprintf("FUNCTIONS_WORKER_RUNTIME is %q, which stanch does not run", clip(a.Runtime)), meant(a.Runtime, runtimes()))
	}
	folders := slices.ContainsFunc(a.Functions, func(fn Function) bool { return fn.Folder != "" })
	switch {
	case r.routed.File != "" && (folders || a.Model == Folders):
		r.mistakes = append(r.mistakes, r.routed)
	case a.Model == None && a.Host.Handler == nil && (a.Runtime == "node" && exists(r.folder, "package.json") || a.Runtime == "dotnet-isolated"):
		a.Model = Indexed
	case a.Model == None:
		r.mistakes = append(r.mistakes, Mistake{File: ".", Text: "the folder has no functions", Hint: "a folder for each, with a function.json in it"})
	}
	r.twice()
	for _, name := range slices.Sorted(maps.Keys(a.only)) {
		if a.Model != Indexed && !slices.ContainsFunc(a.Functions, func(fn Function) bool { return strings.EqualFold(fn.Name, name) }) {
			r.mistakes = append(r.mistakes, Mistake{File: "host.json", Text: fmt.Sprintf(`"functions" names %q, and there is no such function`, clip(name)), Warning: true})
		}
	}
}

// twice tells of functions that have the same name in another case, or the same
// route.
func (r *reader) twice() {
	r.mistakes = append(r.mistakes, clashes(r.app.Functions, func(fn Function) string { return path.Join(fn.Folder, "function.json") })...)
}

func clashes(functions []Function, file func(Function) string) (all []Mistake) {
	names := map[string]string{}
	var routes pattern.Claims
	for _, fn := range functions {
		lower := strings.ToLower(fn.Name)
		if other, taken := names[lower]; taken {
			all = append(all, Mistake{File: file(fn), Text: fmt.Sprintf("the functions %q and %q have the same name", clip(other), clip(fn.Name)), Hint: "names are equal in any case"})
		}
		names[lower] = fn.Name
		if fn.Trigger.Type != HTTPTrigger || fn.Disabled {
			continue
		}
		route, err := pattern.Parse(fn.Trigger.Route)
		if err != nil {
			continue // told where it stands
		}
		if other, method, clash := routes.Take(route, fn.Trigger.Methods, fn.Name); clash {
			if len(fn.Trigger.Methods) == 0 {
				method = "any method"
			}
			all = append(all, Mistake{File: file(fn), Text: fmt.Sprintf("the functions %q and %q have the same route for %s", clip(other), clip(fn.Name), method)})
		}
	}
	return all
}
