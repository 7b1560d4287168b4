package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/lab"
)

// A bundle is evidence, made to be shown to others: anybody who may see the folder that
// it lies in may read it, as far as the user's umask lets them. Secrets have no place
// in it.
const (
	dirMode  = 0o755
	fileMode = 0o644
)

// newSuffix is of files that get their names when they are whole.
const newSuffix = ".new"

// Writer writes a folder. It is safe for concurrent use.
type Writer struct {
	dir  string
	root *os.Root

	mu       sync.Mutex
	manifest lab.Manifest
	open     map[int]*RunWriter
	ended    bool
}

// Create makes a folder, or takes an empty one, and writes the experiment and a manifest
// in it, in the state of running. What the manifest has of format, state, files and seal
// is not looked at.
func Create(dir string, source []byte, m lab.Manifest) (*Writer, error) {
	if len(source) > mostSource {
		return nil, fmt.Errorf("make the bundle: %w", tooLarge(experimentName, mostSource))
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("make the bundle: %w", err)
	}
	if err := os.MkdirAll(full, dirMode); err != nil {
		return nil, fmt.Errorf("make the bundle: %w", err)
	}
	entries, err := os.ReadDir(full)
	if err != nil {
		return nil, fmt.Errorf("make the bundle: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("make the bundle: %s is not empty\nhint: name a folder that is not there yet", dir)
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return nil, fmt.Errorf("make the bundle: %w", err)
	}
	m.Format, m.State, m.Files, m.Seal = Format, lab.Running, nil, ""
	w := &Writer{dir: full, root: root, manifest: m, open: map[int]*RunWriter{}}
	if err := w.begin(source); err != nil {
		root.Close()
		return nil, fmt.Errorf("make the bundle: %w", err)
	}
	return w, nil
}

func (w *Writer) begin(source []byte) error {
	// Of two that began at once in one folder, one gets it.
	file, err := w.root.OpenFile(experimentName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	if _, err = file.Write(source); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	text, err := encodeManifest(w.manifest)
	if err != nil {
		return err
	}
	return replace(w.root, manifestName, text)
}

// replace writes a file at once and whole.
func replace(root *os.Root, name string, content []byte) (err error) {
	defer func() {
		if err != nil {
			_ = root.Remove(name + newSuffix) // the first error is the one to tell
			err = fmt.Errorf("write %s: %w", name, err)
		}
	}()
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, dirMode); err != nil {
			return err
		}
	}
	file, err := root.OpenFile(name+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return root.Rename(name+newSuffix, name)
}

// Put writes a file that follows from the evidence, such as verdict.json, at once and
// whole; one of that name is replaced. It can't be one of the evidence.
func (w *Writer) Put(name string, content []byte) error {
	err := local(name)
	if first, _, _ := strings.Cut(name, "/"); err == nil && (slices.Contains([]string{manifestName, signatureName, experimentName, runsName}, first) || strings.HasSuffix(name, newSuffix)) {
		err = fmt.Errorf("%s is not one that follows from the evidence", visible(name))
	}
	if err == nil && len(content) > mostDerived {
		err = tooLarge(name, mostDerived)
	}
	if err != nil {
		return fmt.Errorf("write to the bundle: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return fmt.Errorf("write to the bundle: %w", errEnded)
	}
	return replace(w.root, name, content)
}

var errEnded = errors.New("it is sealed")

// Seal ends the folder: every file in it gets its sum in the manifest, which is written
// last. All runs have to be closed, and whoever writes telemetry and logs has to be gone.
// Folders of nothing are removed, since no sum covers them. It can be done once; after an
// error it may be tried again. state is aborted, which why explains, or complete.
func (w *Writer) Seal(state lab.State, why string, ended time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.seal(state, why, ended)
	if err != nil {
		return fmt.Errorf("seal the bundle: %w", err)
	}
	return nil
}

func (w *Writer) seal(state lab.State, why string, ended time.Time) error {
	switch {
	case w.ended:
		return errEnded
	case state != lab.Aborted && state != lab.Complete:
		return fmt.Errorf("a bundle does not end %s", state)
	}
	for number := range w.open {
		return fmt.Errorf("run %d is not closed", number)
	}
	all, err := walk(w.root)
	if err != nil {
		return err
	}
	m := w.manifest
	m.State, m.Why, m.Ended = state, why, ended
	for _, f := range slices.Backward(all) { // what is in a folder comes before it
		switch {
		case f.info.IsDir():
			if err := w.root.Remove(f.name); err != nil && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
				return inside(err, f.name)
			}
		case !f.info.Mode().IsRegular():
			return fmt.Errorf("%s is %s", visible(f.name), kindOf(f.info.Mode(), false))
		case local(f.name) != nil:
			return local(f.name)
		case summed(f.name):
			sum, err := sumOf(w.root, f.name)
			if err != nil {
				return err
			}
			m.Files = append(m.Files, sum)
		}
	}
	if len(m.Files) > mostFiles {
		return fmt.Errorf("it has %d files, and may have %d", len(m.Files), mostFiles)
	}
	if m.Seal, err = sealOf(m); err != nil {
		return err
	}
	text, err := encodeManifest(m)
	if err != nil {
		return err
	}
	if err := replace(w.root, manifestName, text); err != nil {
		return err
	}
	w.ended = true
	return w.root.Close()
}

// Run makes the folder of a run, from 1.
func (w *Writer) Run(number int) (*RunWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return nil, fmt.Errorf("begin run %d: %w", number, errEnded)
	}
	if number < 1 {
		return nil, fmt.Errorf("begin run %d: runs count from 1", number)
	}
	if err := w.root.MkdirAll(runsName, dirMode); err != nil {
		return nil, fmt.Errorf("begin run %d: %w", number, err)
	}
	if err := w.root.Mkdir(runDir(number), dirMode); errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("begin run %d: there is one already", number)
	} else if err != nil {
		return nil, fmt.Errorf("begin run %d: %w", number, err)
	}
	r, err := startRun(w, number)
	if err != nil {
		return nil, fmt.Errorf("begin run %d: %w", number, err)
	}
	w.open[number] = r
	return r, nil
}

func (w *Writer) closed(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, number)
}
