// Package funcapp reads a folder as Azure Functions has it: host.json, a folder with a function.json for each function, local.settings.json.
//
// The texts come from strangers, and people who move here have never seen them
// checked: so every mistake is reported in one go, each with its file, line and
// column, and with what to write instead. What Azure would pass over is a
// warning. No value of a setting gets into a message, since settings hold secrets.
//
// An app of a language worker's newer model has no function.json: its functions
// are known by asking the worker. [Read] then says so in [App.Model], and
// [App.Indexed] reads what the worker answers by the same rules. Begin with
// [Read].
package funcapp

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// Model is how an app says which functions it has.
type Model uint8

// The models.
const (
	None    Model = iota // it has none, or nobody knows: there are mistakes
	Folders              // a function.json in a folder for each
	Indexed              // the language worker is asked (Python v2, Node v4, .NET isolated)
	Routes               // customHandler.http.routes of host.json
)

// App is what a folder holds.
type App struct {
	Runtime    string // FUNCTIONS_WORKER_RUNTIME in lower case: custom, python, node, …
	Model      Model
	Host       Host
	Settings   Settings
	Functions  []Function // sorted by name; disabled ones too. None if Model is Indexed
	Processors int        // as Machine had it

	only map[string]bool // host.json's list of functions, in lower case; nil for all
}

// Machine is what an app is read for.
type Machine struct {
	Environ    []string // NAME=value, as the process has it; it comes before local.settings.json
	Processors int      // at least 1; defaults of Azure depend on it
}

const maxFunctions = 1000

// Read reads the folder. It returns the app as far as it is sound, and every
// mistake and warning, in the order of their places; Faults picks the mistakes.
func Read(folder fs.FS, machine Machine) (*App, []Mistake) {
	r := &reader{folder: folder, app: &App{Processors: max(1, machine.Processors)}}
	r.app.Settings = readSettings(r, machine.Environ)
	runtime, _ := r.app.Settings.Lookup("FUNCTIONS_WORKER_RUNTIME")
	r.app.Runtime = strings.ToLower(strings.TrimSpace(runtime))
	readHost(r)
	r.bounds()
	if !r.indexed() {
		r.folders()
	}
	r.model()
	slices.SortFunc(r.app.Functions, func(a, b Function) int { return cmp.Compare(a.Name, b.Name) })
	return r.app, r.mistakes
}

// reader is one reading of a folder.
type reader struct {
	folder   fs.FS
	app      *App
	mistakes []Mistake
	routed   Mistake // to be told if there are folders beside routes
}

// file is a text that is read.
type file struct {
	name     string
	text     []byte
	settings *Settings
	found    []placed
}

// placed is a mistake before its line is counted.
type placed struct {
	at      int
	mistake Mistake
}

func (f *file) mistake(at int, text, hint string) {
	if f.full() {
		return
	}
	f.found = append(f.found, placed{at, Mistake{File: f.name, Text: text, Hint: hint}})
}

func (f *file) warn(at int, text, hint string) {
	if f.full() {
		return
	}
	f.found = append(f.found, placed{at, Mistake{File: f.name, Text: text, Hint: hint, Warning: true}})
}

// maxMistakes of a file are told: who has more reads no further, and a file can't
// keep stanch busy with them.
const maxMistakes = 200

// full says that more mistakes would not be told.
func (f *file) full() bool { return len(f.found) > maxMistakes }

// done are the file's mistakes in their order.
func (f *file) done() (all []Mistake) {
	slices.SortStableFunc(f.found, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	for _, p := range f.found[:min(len(f.found), maxMistakes)] {
		p.mistake.Line, p.mistake.Column = jsonpos.Place(f.text, p.at)
		all = append(all, p.mistake)
	}
	if f.full() {
		all = append(all, Mistake{File: f.name, Text: fmt.Sprintf("there are more mistakes than these %d", maxMistakes)})
	}
	return all
}

// open reads a file and parses it. With no file it returns nothing, and no
// mistake.
func (r *reader) open(name string) (f *file, top *object) {
	text, err := readFile(r.folder, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		r.mistakes = append(r.mistakes, Mistake{File: name, Text: "can't be read: " + plain(err)})
		return nil, nil
	}
	return parse(name, text, &r.app.Settings)
}

// parse makes an object of a text; top is nil if it is none, and the mistake is
// in the file.
func parse(name string, text []byte, settings *Settings) (f *file, top *object) {
	f = &file{name: name, text: text, settings: settings}
	root, err := jsonpos.Parse(text)
	var syntax *jsonpos.Error
	if errors.As(err, &syntax) {
		f.mistake(syntax.At, "syntax: "+syntax.Problem, "")
		return f, nil
	}
	top, _ = f.object(root, "the file")
	return f, top
}

func readFile(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if info.Size() > jsonpos.MaxSize {
		return nil, errors.New("it is larger than 1 MiB")
	}
	return fs.ReadFile(folder, name)
}

// plain is an error without the path, which the message has already.
func plain(err error) string {
	if wrapped := new(fs.PathError); errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}

// folders reads each folder with a function.json.
func (r *reader) folders() {
	entries, err := fs.ReadDir(r.folder, ".")
	if err != nil {
		r.mistakes = append(r.mistakes, Mistake{File: ".", Text: "the folder can't be read: " + plain(err)})
		return
	}
	count := 0
	for _, entry := range entries {
		name := path.Join(entry.Name(), "function.json")
		if _, err := fs.Stat(r.folder, name); errors.Is(err, fs.ErrNotExist) || !isFolder(r.folder, entry.Name()) {
			continue
		}
		if count++; count > maxFunctions {
			r.mistakes = append(r.mistakes, Mistake{File: name, Text: fmt.Sprintf("the app has more than %d functions", maxFunctions)})
			return
		}
		f, top := r.open(name)
		if f == nil {
			continue
		}
		r.app.Model = Folders
		if top != nil {
			r.app.Functions = append(r.app.Functions, r.function(top, entry.Name()))
		}
		r.mistakes = append(r.mistakes, f.done()...)
	}
}

func isFolder(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.IsDir()
}

func exists(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.Mode().IsRegular()
}
