package funcapp

import (
	"fmt"
	"slices"
	"strings"
)

// Reported is a function as a language worker tells of it.
type Reported struct {
	Name     string
	Folder   string   // as the worker has it
	Script   string   // likewise
	Entry    string   // entryPoint
	Bindings []string // raw_bindings: a JSON object each
	Retry    string   // a JSON object; empty without a policy
}

// Indexed reads the functions that a worker reports, by the rules for
// function.json. The mistakes' file says which function and binding is meant;
// lines and columns are those of the binding's text.
func (a *App) Indexed(reported []Reported) ([]Function, []Mistake) {
	var functions []Function
	var mistakes []Mistake
	if len(reported) > maxFunctions {
		mistakes = append(mistakes, Mistake{File: "functions of the worker", Text: fmt.Sprintf("it reports %d, of which the first %d are taken", len(reported), maxFunctions)})
		reported = reported[:maxFunctions]
	}
	for _, one := range reported {
		fn, found := a.reported(one)
		functions = append(functions, fn)
		mistakes = append(mistakes, found...)
	}
	mistakes = append(mistakes, clashes(functions, func(fn Function) string { return reportedFile(fn.Name) })...)
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions, mistakes
}

func reportedFile(name string) string { return fmt.Sprintf("function %q of the worker", clip(name)) }

func (a *App) reported(one Reported) (Function, []Mistake) {
	fn := Function{Name: one.Name, Folder: one.Folder, Script: one.Script, Entry: one.Entry}
	fn.Disabled = a.disabled(nil, one.Name)
	whole := &object{file: &file{name: reportedFile(one.Name), settings: &a.Settings}}
	if !soundName(one.Name) {
		whole.mistake(0, "it is no name of a function", "up to 128 letters, digits, - and _, with a letter at the front")
	}
	var files []*file
	if one.Retry != "" {
		f, top := parse(whole.name+", retry", []byte(one.Retry), &a.Settings)
		files = append(files, f)
		if top != nil {
			top.what = "the policy"
			fn.Retry = readRetry(top)
		}
	}
	if len(one.Bindings) > maxBindings {
		whole.mistake(0, fmt.Sprintf("it has %d bindings", len(one.Bindings)), fmt.Sprintf("at most %d", maxBindings))
		return fn, whole.file.whole()
	}
	var all []bound
	for i, text := range one.Bindings {
		f, top := parse(fmt.Sprintf("%s, binding %d", whole.name, i+1), []byte(text), &a.Settings)
		files = append(files, f)
		if top != nil {
			all = append(all, top.binding(one.Name))
		}
	}
	keepStreams(all, a.Host.Handler != nil)
	fn.assemble(whole, 0, all)
	mistakes := whole.file.whole()
	for _, f := range files {
		mistakes = append(mistakes, f.done()...)
	}
	return fn, mistakes
}

// whole are mistakes of what has no text: without a place.
func (f *file) whole() (all []Mistake) {
	for _, p := range f.found {
		all = append(all, p.mistake)
	}
	return all
}
