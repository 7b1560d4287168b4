package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// FunctionFacts are what `stanch check` finds out about functions.
type FunctionFacts struct {
	From      string         `json:"from"`
	Contract  string         `json:"contract"`
	Worker    string         `json:"worker"`         // as it is started; empty if nobody knows
	Missing   string         `json:"worker_missing"` // why it can't be started; empty if it can
	Asked     bool           `json:"asked"`          // the worker alone knows the functions
	Functions []FunctionFact `json:"list"`
	Stores    []StoreFact    `json:"stores"`
	Mistakes  []MistakeFact  `json:"mistakes"` // and warnings
}

// FunctionFact is one function.
type FunctionFact struct {
	Name     string   `json:"name"`
	Trigger  string   `json:"trigger"` // with what it is triggered by: queue jobs
	Path     string   `json:"path"`    // where the worker gets its deliveries; empty where the contract says
	Inputs   []string `json:"inputs"`
	Outputs  []string `json:"outputs"`
	Disabled bool     `json:"disabled"`
}

// StoreFact is a store that functions use.
type StoreFact struct {
	Connection string `json:"connection"` // empty: that of all functions which name none
	Kind       string `json:"kind"`
	Target     string `json:"target"`
	Problem    string `json:"problem"` // why it can't be reached; empty if it can
}

// MistakeFact is a mistake in a file, or a warning.
type MistakeFact struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 0 if it is about the file as a whole
	Column  int    `json:"column"`
	Text    string `json:"text"`
	Hint    string `json:"hint"`
	Warning bool   `json:"warning"`
}

// Error is the mistake as compilers print it.
func (m MistakeFact) Error() string {
	return funcapp.Mistake{File: m.File, Line: m.Line, Column: m.Column, Text: m.Text, Hint: m.Hint, Warning: m.Warning}.Error()
}

// Faults counts the mistakes that are no warnings.
func (f *FunctionFacts) Faults() (n int) {
	if f == nil {
		return 0
	}
	for _, m := range f.Mistakes {
		if !m.Warning {
			n++
		}
	}
	return n
}

// Problems counts what keeps sound functions from running here: a worker that can't
// be started, stores that can't be reached.
func (f *FunctionFacts) Problems() (n int) {
	if f == nil {
		return 0
	}
	if f.Missing != "" {
		n++
	}
	for _, s := range f.Stores {
		if s.Problem != "" {
			n++
		}
	}
	return n
}

// checkFunctions looks at the functions that cfg names; nil if there are none.
func checkFunctions(ctx context.Context, cfg *config.Run, environ []string, data string) (*FunctionFacts, error) {
	f, mistakes, err := find(cfg, environ)
	if f == nil || err != nil {
		return nil, err
	}
	out := &FunctionFacts{
		From: f.origin(), Contract: f.speaks(), Asked: f.app.Model == funcapp.Indexed,
		Functions: []FunctionFact{}, Stores: []StoreFact{}, Mistakes: []MistakeFact{},
	}
	for _, m := range mistakes {
		out.Mistakes = append(out.Mistakes, MistakeFact{m.File, m.Line, m.Column, m.Text, m.Hint, m.Warning})
	}
	for _, fn := range f.app.Functions {
		out.Functions = append(out.Functions, f.fact(fn))
	}
	if out.Faults() > 0 {
		return out, nil // what follows from them would only hide them
	}
	if err := f.contract(); err != nil {
		out.Missing = err.Error()
	} else if err := startable(cfg.Command, f.folder); err != nil {
		out.Missing = err.Error()
	}
	out.Worker = strings.Join(cfg.Command, " ")
	if err := f.connect(data, func(format string, args ...any) {
		out.Mistakes = append(out.Mistakes, MistakeFact{File: "stores", Text: fmt.Sprintf(format, args...), Warning: true})
	}); err != nil {
		text, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		out.Mistakes = append(out.Mistakes, MistakeFact{File: "settings", Text: text, Hint: hint})
		return out, nil
	}
	out.Stores = f.checkStores(ctx)
	return out, f.stores.Close()
}

// speaks names the contract.
func (f *feed) speaks() string {
	switch {
	case f.plain != nil:
		return "plain HTTP"
	case f.app.Host.Handler != nil:
		return "custom handler"
	case f.app.Runtime != "":
		return "Azure's language worker, " + f.app.Runtime
	}
	return "unknown"
}

func (f *feed) fact(fn funcapp.Function) FunctionFact {
	out := FunctionFact{Name: fn.Name, Trigger: inWords(fn.Trigger), Disabled: fn.Disabled, Inputs: []string{}, Outputs: []string{}}
	if fn.Trigger.Type == funcapp.HTTPTrigger {
		out.Trigger = fmt.Sprintf("http %s %s", cmp.Or(strings.Join(fn.Trigger.Methods, ","), "any"), path.Join("/", f.app.Host.HTTP.RoutePrefix, fn.Trigger.Route))
	}
	if f.plain != nil {
		out.Path = f.plain.Paths[fn.Name]
	}
	for _, b := range fn.Inputs {
		out.Inputs = append(out.Inputs, b.Name+": "+inWords(b))
	}
	for _, b := range fn.Outputs {
		name := b.Name
		if name == funcapp.Return && f.plain != nil {
			name = "answer"
		}
		out.Outputs = append(out.Outputs, name+": "+inWords(b))
	}
	return out
}

// inWords is a binding in words.
func inWords(b funcapp.Binding) string {
	kind := strings.TrimSuffix(string(b.Type), "Trigger")
	switch {
	case b.Queue != nil:
		return kind + " " + b.Queue.String()
	case b.Pattern != nil:
		return kind + " " + b.Pattern.String()
	case b.Path != nil:
		return kind + " " + b.Path.String()
	case b.Type == funcapp.TimerTrigger:
		return kind + " " + b.Schedule.String()
	}
	return kind
}

// startable says why a program can't be started in a folder.
func startable(command []string, folder string) error {
	if len(command) == 0 {
		return errors.New("no command says which program it is")
	}
	name := command[0]
	if !strings.Contains(name, "/") {
		_, err := exec.LookPath(name)
		if err != nil {
			return fmt.Errorf("%s is not on PATH", name)
		}
		return nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(folder, name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not there", name)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fmt.Errorf("%s can't be executed\nhint: chmod +x", name)
	}
	return nil
}

// reaching is how long a store may take to answer.
const reaching = 5 * time.Second

// checkStores looks whether each store that functions use can be reached.
func (f *feed) checkStores(ctx context.Context) []StoreFact {
	facts := []StoreFact{}
	for _, name := range f.used() {
		fact := StoreFact{Connection: name}
		if f.plain != nil && name == funcapp.DefaultConnection {
			fact.Connection = "" // Azure's word for it would say nothing
		}
		s, err := f.stores.Open(name)
		if err == nil {
			fact.Kind, fact.Target = s.Kind, s.Target
			err = reach(ctx, s)
		}
		if err != nil {
			fact.Problem = err.Error()
		}
		facts = append(facts, fact)
	}
	return facts
}

// used are the connections of the functions that run.
func (f *feed) used() (names []string) {
	if f.app.Model == funcapp.Indexed {
		return []string{funcapp.DefaultConnection}
	}
	for _, fn := range f.app.Functions {
		for _, b := range slices.Concat([]funcapp.Binding{fn.Trigger}, fn.Inputs, fn.Outputs) {
			if stored := b.Type != funcapp.HTTPTrigger && b.Type != funcapp.HTTP; stored && !fn.Disabled {
				names = append(names, cmp.Or(b.Connection, funcapp.DefaultConnection))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reach asks for what is not there: a store that says so answers.
func reach(ctx context.Context, s *connect.Stores) error {
	ctx, cancel := context.WithTimeout(ctx, reaching)
	defer cancel()
	const nothing = "stanch-check"
	if _, err := s.Queues.Depth(ctx, nothing); err != nil && !errors.Is(err, work.ErrAbsent) {
		return fmt.Errorf("ask for a queue: %w", err)
	}
	if _, err := s.Blobs.Stat(ctx, blob.Name{Container: nothing, Path: nothing}); err != nil && !errors.Is(err, work.ErrAbsent) {
		return fmt.Errorf("ask for a blob: %w", err)
	}
	return nil
}
