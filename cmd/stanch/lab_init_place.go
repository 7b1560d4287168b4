package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab/draft"
	"github.com/stanch-dev/stanch/internal/lab/folder"
)

// link is a way from the experiment's folder to a worker that is not in it.
type link struct {
	Name string `json:"name"` // in the experiment's folder
	To   string `json:"to"`   // as it stands in the link
}

// free says that no experiment would be written over.
func (q *labInit) free(dir string) error {
	file := filepath.Join(dir, folder.FileName)
	if _, err := os.Lstat(file); err == nil && !q.force {
		return usage(fmt.Errorf("%s is there", file), "--force writes over it; another FOLDER leaves it")
	}
	return nil
}

// places puts in where the workers lie, seen from the experiment's folder: below it, or
// behind a link.
func (q *labInit) places(a *draft.Answers) (links []link, err error) {
	below := func(app, name string) (string, error) {
		here, err := resolved(q.folder)
		if err != nil {
			return "", err
		}
		there, err := resolved(app)
		if err != nil {
			return "", err
		}
		way, err := filepath.Rel(here, there)
		switch {
		case err != nil:
			return "", fmt.Errorf("find %s from %s: %w", app, q.folder, err)
		case way == ".":
			return "", nil
		case way != ".." && !strings.HasPrefix(way, "../"):
			return filepath.ToSlash(way), nil
		}
		links = append(links, link{name, way})
		return name, nil
	}
	first := a.Worker.Dir
	if a.Worker.Dir, err = below(first, "app"); err != nil || a.Other == nil {
		return links, err
	}
	if a.Other.Dir == first {
		a.Other.Dir = a.Worker.Dir
		return links, nil
	}
	a.Other.Dir, err = below(a.Other.Dir, "other")
	return links, err
}

// resolved is a folder without links in its path, as the kernel goes up from it. It need
// not be there yet.
func resolved(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(abs) != abs {
		parent, err := resolved(filepath.Dir(abs))
		return filepath.Join(parent, filepath.Base(abs)), err
	}
	return real, err
}

// write makes the folder, its links and the file.
func (q *labInit) write(text string, links []link) (file string, err error) {
	file = filepath.Join(q.folder, folder.FileName)
	if err := os.MkdirAll(q.folder, 0o755); err != nil {
		return "", fmt.Errorf("write the experiment: %w", err)
	}
	for _, l := range links {
		if err := l.make(q.folder); err != nil {
			return "", err
		}
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if q.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	out, err := os.OpenFile(file, how, 0o644)
	if err != nil {
		return "", fmt.Errorf("write the experiment: %w", err)
	}
	_, err = out.WriteString(text)
	if err = errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("write the experiment: %w", err)
	}
	return file, nil
}

// make makes the link. One that leads there already is left as it is, and anything else
// of that name too.
func (l link) make(dir string) error {
	at := filepath.Join(dir, l.Name)
	if to, err := os.Readlink(at); err == nil && to == l.To {
		return nil
	}
	err := os.Symlink(l.To, at)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Errorf("%s is there, and a link to the worker's folder would go by that name", at), "another FOLDER, or move it away")
	}
	if err != nil {
		return fmt.Errorf("link the worker's folder: %w", err)
	}
	return nil
}
