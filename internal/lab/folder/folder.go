// Package folder finds experiments on disk and reads their YAML: a lab is a folder
// with an experiment.yaml and all that it runs.
//
// A file is anybody's: how large it is, and how deep things lie in each other, is
// bounded before it is looked at. Anchors and aliases are not followed. What the file
// means is experiment's to say. Begin with [Open].
package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/tree"
)

// FileName is what an experiment's file is called.
const FileName = "experiment.yaml"

// Root is the folder in which labs are looked for by name.
const Root = "labs"

// limit bounds a file: a larger one is no experiment.
const limit = 1 << 20

// Lab is an experiment's folder.
type Lab struct {
	Path   string // of the file, as it was named or found
	Dir    string // that the file is in
	Source tree.Source
}

// Open reads the experiment that is named: a file, a folder with experiment.yaml, or
// the name of a folder below labs. The error for what is not there has a hint.
func Open(name string) (*Lab, error) {
	path, err := locate(name)
	if err != nil {
		return nil, err
	}
	text, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read the experiment: %w", err)
	}
	source, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	return &Lab{Path: path, Dir: filepath.Dir(path), Source: source}, nil
}

// Has says whether the lab's folder has a folder of this name, with slashes.
func (l *Lab) Has(name string) bool {
	info, err := os.Stat(filepath.Join(l.Dir, filepath.FromSlash(name)))
	return err == nil && info.IsDir()
}

func locate(name string) (string, error) {
	for _, path := range []string{name, filepath.Join(Root, name)} {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			continue
		case !info.IsDir():
			return path, nil
		}
		if file := filepath.Join(path, FileName); exists(file) {
			return file, nil
		}
	}
	var names []string
	found, _ := List(Root)
	for _, path := range found {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	hint := "a file, a folder with " + FileName + ", or the name of a folder below " + Root
	if near := nearest.To(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return "", fmt.Errorf("there is no experiment %s\nhint: %s", name, hint)
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("%s is larger than %v, which no experiment is", path, bytesize.Size(limit))
	}
	return text, err
}

// List names the files of the experiments below a folder, sorted: its own, and those
// of the folders in it. A folder that is not there has none.
func List(root string) ([]string, error) {
	var files []string
	if file := filepath.Join(root, FileName); exists(file) {
		files = append(files, file)
	}
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list the labs: %w", err)
	}
	for _, e := range entries {
		if file := filepath.Join(root, e.Name(), FileName); exists(file) {
			files = append(files, file)
		}
	}
	slices.Sort(files)
	return files, nil
}
