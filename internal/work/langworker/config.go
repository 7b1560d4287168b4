package langworker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// description is the part of worker.config.json that says how a worker is
// started. What else the file has (profiles for hosts of Azure's own, time-outs) is
// passed over.
type description struct {
	language   string
	executable string   // a name on PATH, or a path
	script     string   // the worker's own file, below the file's directory
	arguments  []string // before script
	after      []string // and after it
	version    string   // where none is asked for
	versions   []string // that it supports; none: all
	indexing   bool
}

// configured is the worker that a worker.config.json describes.
func (s *search) configured(file string) (Command, error) {
	d, err := read(file)
	if err != nil {
		return Command{}, broken("read %s: %w", file, err)
	}
	command := Command{Dir: filepath.Dir(file), Index: d.indexing}
	if !strings.EqualFold(d.language, s.runtime) {
		return command, broken("%s: the worker is one for %q, and the app's FUNCTIONS_WORKER_RUNTIME is %s\nhint: name the directory of a worker for %s", file, clip(d.language), s.runtime, s.runtime)
	}
	if own, found := s.lookup("languageWorkers__" + s.runtime + "__defaultExecutablePath"); found && own != "" {
		d.executable = own
	}
	version, err := s.choose(d)
	if err != nil {
		return command, broken("%s: %w", file, err)
	}
	script, err := s.script(command.Dir, d.script, version)
	if err != nil {
		return command, broken("%s: %w", file, err)
	}
	if command.Program, err = s.executable(command.Dir, d.executable); err != nil {
		return command, broken("%s: %w", file, err)
	}
	command.Args = append(s.words(d.arguments), script)
	command.Args = append(command.Args, s.words(d.after)...)
	return command, nil
}

// choose is the version of the language that the worker's path is for.
func (s *search) choose(d description) (string, error) {
	if s.version == "" {
		if d.version != "" && !number.MatchString(d.version) {
			return "", fmt.Errorf("defaultRuntimeVersion %q is no version", clip(d.version))
		}
		return d.version, nil
	}
	if len(d.versions) > 0 && !slices.Contains(d.versions, s.version) {
		return "", fmt.Errorf("the worker does not support %s %s\nhint: FUNCTIONS_WORKER_RUNTIME_VERSION is one of %s", s.runtime, s.version, clip(strings.Join(d.versions, ", ")))
	}
	return s.version, nil
}

// script is the path of the worker's file. Messages have it as the file has it,
// since settings hold secrets.
func (s *search) script(dir, pattern, version string) (string, error) {
	if pattern == "" {
		return "", errors.New("it has no defaultWorkerPath")
	}
	if version == "" && strings.Contains(pattern, versionName) {
		return "", fmt.Errorf("defaultWorkerPath %q needs a version of %s\nhint: set FUNCTIONS_WORKER_RUNTIME_VERSION", clip(pattern), s.runtime)
	}
	pattern = place(pattern, version)
	path, missing := s.expand(pattern)
	if missing != "" {
		return "", fmt.Errorf("defaultWorkerPath %q needs the setting %q, which is not set", clip(pattern), clip(missing))
	}
	if !filepath.IsLocal(path) || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("defaultWorkerPath %q leads out of its directory", clip(pattern))
	}
	path = filepath.Join(dir, path)
	if stat, err := os.Stat(path); err != nil || !stat.Mode().IsRegular() {
		return "", fmt.Errorf("there is no file at defaultWorkerPath, %q%s", clip(pattern), others(dir, version))
	}
	return path, nil
}

// others is a hint for a worker that is there for other versions than this one.
func others(dir, version string) string {
	entries, _ := os.ReadDir(dir)
	var there []string
	for _, entry := range entries {
		if entry.IsDir() && number.MatchString(entry.Name()) && entry.Name() != version && len(there) < 8 {
			there = append(there, entry.Name())
		}
	}
	if len(there) == 0 {
		return ""
	}
	return "\nhint: it has FUNCTIONS_WORKER_RUNTIME_VERSION " + strings.Join(there, ", ")
}

// read reads a worker.config.json. A file that would never end is not opened.
func read(file string) (d description, err error) {
	stat, err := os.Stat(file)
	if err != nil {
		return d, err
	}
	if !stat.Mode().IsRegular() {
		return d, errors.New("it is no file")
	}
	f, err := os.Open(file)
	if err != nil {
		return d, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, jsonpos.MaxSize+1))
	if err != nil {
		return d, err
	}
	return parse(text)
}

// parse reads the text of one. Keys are equal in any case, as in .NET.
func parse(text []byte) (d description, err error) {
	root, err := jsonpos.Parse(text)
	if err != nil {
		var wrong *jsonpos.Error
		if errors.As(err, &wrong) {
			line, column := jsonpos.Place(text, wrong.At)
			return d, fmt.Errorf("%d:%d: %w", line, column, err)
		}
		return d, err
	}
	from, found := member(root, "description")
	if !found || from.Kind != jsonpos.Object {
		return d, errors.New(`it has no "description"`)
	}
	for _, field := range []struct {
		key  string
		into *string
	}{
		{"language", &d.language},
		{"defaultExecutablePath", &d.executable},
		{"defaultWorkerPath", &d.script},
		{"defaultRuntimeVersion", &d.version},
	} {
		if v, found := member(from, field.key); found {
			if v.Kind != jsonpos.String {
				return d, fmt.Errorf("%q is %s, and has to be a text", field.key, v.Kind)
			}
			*field.into = v.Text
		}
	}
	for _, field := range []struct {
		key  string
		into *[]string
	}{
		{"arguments", &d.arguments},
		{"workerArguments", &d.after},
		{"supportedRuntimeVersions", &d.versions},
	} {
		if v, found := member(from, field.key); found {
			for _, item := range v.Items {
				if item.Kind != jsonpos.String {
					return d, fmt.Errorf("%q has %s in it, and has to be a list of texts", field.key, item.Kind)
				}
				*field.into = append(*field.into, item.Text)
			}
			if v.Kind != jsonpos.List {
				return d, fmt.Errorf("%q is %s, and has to be a list of texts", field.key, v.Kind)
			}
		}
	}
	if v, found := member(from, "workerIndexing"); found {
		// Azure's own files have it as a text.
		d.indexing, _ = strconv.ParseBool(strings.ToLower(v.Text))
	}
	return d, nil
}

func member(object jsonpos.Value, key string) (jsonpos.Value, bool) {
	for _, m := range object.Members {
		if strings.EqualFold(m.Name, key) {
			return m.Value, m.Value.Kind != jsonpos.Null
		}
	}
	return jsonpos.Value{}, false
}
