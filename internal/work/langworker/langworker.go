// Package langworker finds the program that runs the functions of one language:
// Azure's own workers, which stanch does not ship.
//
// An image that is built from Azure's base image has them in a directory for each
// language, with a worker.config.json that says how the worker is started.
// People who have none such have a checkout with a worker.py, or a Python
// environment with the worker in it. Two rules hold. Who names a place means it:
// if there is no worker in it, that is an error, and nowhere else is looked. And
// what a worker.config.json says is taken for a stranger's: it is bounded, its
// worker lies in its directory, and no value of a setting gets into a message.
//
// Begin with Find. Source of the format: Azure/azure-functions-host,
// src/WebJobs.Script/Workers/Rpc/Configuration.
package langworker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Command is how a worker is started. The host's own arguments follow Args.
type Command struct {
	Program string // an absolute path
	Args    []string
	Dir     string // of worker.config.json or the worker's code, absolute: FUNCTIONS_WORKER_DIRECTORY. The process runs in the app's

	Index   bool // it lists an app's functions when asked; others never answer
	Ancient bool // of 2020: it takes the host's first ten arguments only, and looks for functions on PYTHONPATH
}

// Setting is the variable that names a worker's directory; stanch.yaml's
// language-worker comes before it.
const Setting = "STANCH_LANGUAGE_WORKER"

// image is where Azure's own base images have their workers.
const image = "/azure-functions-host/workers"

// Find finds the worker for a runtime, as FUNCTIONS_WORKER_RUNTIME has it, in a
// version of it as FUNCTIONS_WORKER_RUNTIME_VERSION has it; empty for the worker's
// own choice. lookup finds app settings, and PATH.
//
// Looked at are the places in their order, if there are any. Otherwise it is what
// Setting names, then what languageWorkers__RUNTIME__workerDirectory does, as in
// Azure's host, then the directory of Azure's base images: the first that is set.
// A place is a directory of workers or of one worker, a checkout, a Python
// environment or the worker's file itself. The error has a hint, and says of each
// place that was looked at why it was not taken.
func Find(runtime, version string, places []string, lookup func(string) (string, bool)) (Command, error) {
	if !word.MatchString(runtime) {
		return Command{}, fmt.Errorf("find a language worker: %q is no name of a runtime\nhint: FUNCTIONS_WORKER_RUNTIME is one of python, node, java, powershell, dotnet-isolated", clip(runtime))
	}
	if version != "" && !number.MatchString(version) {
		return Command{}, fmt.Errorf("find the %s worker: %q is no version\nhint: FUNCTIONS_WORKER_RUNTIME_VERSION is a number as in 3.11", runtime, clip(version))
	}
	s := &search{runtime: runtime, version: version, lookup: lookup}
	var looked []string
	for _, place := range s.places(places) {
		command, err := s.at(place)
		if err == nil {
			return command, nil
		}
		var broken *brokenError
		if errors.As(err, &broken) {
			return Command{}, fmt.Errorf("find the %s worker: %w", runtime, err)
		}
		looked = append(looked, fmt.Sprintf("\n  %s: %v", place, err))
	}
	return Command{}, fmt.Errorf("find the %s worker: there is none where stanch looked:%s\nhint: %s", runtime, strings.Join(looked, ""), s.advice())
}

var (
	word   = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	number = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){0,2}$`)
)

// search is one call of Find.
type search struct {
	runtime, version string
	lookup           func(string) (string, bool)
}

// brokenError is a worker that is there and can't be used: no other place is
// looked at, since this is the one that was meant.
type brokenError struct{ error }

func broken(format string, args ...any) error { return &brokenError{fmt.Errorf(format, args...)} }

func (s *search) places(given []string) []string {
	if len(given) > 0 {
		return given
	}
	for _, name := range []string{Setting, "languageWorkers__" + s.runtime + "__workerDirectory"} {
		if place, _ := s.lookup(name); place != "" {
			return []string{place}
		}
	}
	return []string{filepath.Join(image, s.runtime)}
}

// at looks for the worker in one place.
func (s *search) at(place string) (Command, error) {
	dir, err := filepath.Abs(place)
	if err != nil {
		return Command{}, err
	}
	stat, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Command{}, errors.New("it is not there")
	}
	if err != nil {
		return Command{}, errors.Unwrap(err) // the place stands before it
	}
	if stat.Mode().IsRegular() {
		return s.program(dir)
	}
	if !stat.IsDir() {
		return Command{}, errors.New("it is neither a directory nor a file")
	}
	for _, below := range []string{dir, filepath.Join(dir, s.runtime)} {
		config := filepath.Join(below, "worker.config.json")
		if _, err := os.Lstat(config); err == nil {
			return s.configured(config)
		}
	}
	if s.runtime == "python" {
		return s.checkout(dir)
	}
	return Command{}, errors.New("it has no worker.config.json")
}

func (s *search) advice() string {
	own := fmt.Sprintf("name the directory of a worker with language-worker in stanch.yaml, or with $%s: one with a worker.config.json", Setting)
	if s.runtime == "python" {
		own += ", or one with a worker.py and a venv, or a venv that has the worker (pip install azure-functions-worker: Python 3.8 and the first programming model only)"
	}
	return fmt.Sprintf("build the app's image FROM Azure's own, azure-functions/%s, which has the worker in %s/%s; or %s", s.runtime, image, s.runtime, own)
}

// clip bounds what a message quotes.
func clip(text string) string {
	const most = 60
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
