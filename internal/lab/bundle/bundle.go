// Package bundle keeps what an experiment left, as a folder: it owns the files.
//
//	manifest.json            what was run, where, and the sums of all other files
//	manifest.sig             whoever vouches for it, where somebody does
//	experiment.yaml          as it was run
//	runs/01/run.json         which run it was, its phases, and how it ended
//	runs/01/samples.csv      the worker's memory, look by look
//	runs/01/sent.csv         each arrival of the plan, as it went
//	runs/01/events.csv       what happened
//	runs/01/worker.log       what the worker printed
//	runs/01/telemetry/       tables, as stanch run recorded them
//	queries.json, …          what follows from the above, and can be made anew
//
// Evidence is written as it comes: what was told is in its file half a second later, and
// a lab that was killed leaves a folder that can be read. A folder that is ended is
// sealed: each file has its sum in the manifest, and the manifest has its own. That
// finds an accident and a careless edit. It is no signature: whoever changes a file can
// work out all sums anew. Against that there are [Sign] and [Verify].
//
// A folder that is read is anybody's. No link in it is followed, what it names lies in
// it, and everything is bounded before it is read. Begin with [Create] and [Open], and
// put questions with [Ask].
package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// Format is the version of the folder that is written and read here.
const Format = 1

// Names in the folder.
const (
	manifestName   = "manifest.json"
	signatureName  = "manifest.sig"
	experimentName = "experiment.yaml"
	runsName       = "runs"
	headName       = "run.json"
	samplesName    = "samples.csv"
	sentName       = "sent.csv"
	eventsName     = "events.csv"
	logName        = "worker.log"
	telemetryName  = "telemetry"
)

// What is read whole is bounded.
const (
	mostManifest = 32 << 20
	mostSource   = 1 << 20
	mostHead     = 1 << 20
	mostDerived  = 256 << 20
	mostFiles    = 100_000
)

// runDir is the folder of a run in its bundle.
func runDir(number int) string { return path.Join(runsName, fmt.Sprintf("%02d", number)) }

// Bundle is a folder that is read. It is safe for concurrent use.
type Bundle struct {
	Manifest lab.Manifest
	Source   []byte // of the experiment, as it was run

	dir  string
	text []byte // of the manifest
}

// Open opens a folder, ended or not. Nothing of it is checked against its sums: that
// takes as long as the folder is large, and is [Bundle.Check].
func Open(dir string) (*Bundle, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	defer root.Close()
	b := &Bundle{dir: full}
	if b.text, err = readFile(root, manifestName, mostManifest); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no bundle: it has no %s\nhint: name the folder that stanch lab run wrote", dir, manifestName)
	} else if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	if b.Manifest, err = decodeManifest(b.text); err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	if b.Source, err = readFile(root, experimentName, mostSource); err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	return b, nil
}

// Derived reads a file of the bundle whole, such as verdict.json. The error is
// [fs.ErrNotExist] where there is none.
func (b *Bundle) Derived(name string) ([]byte, error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	defer root.Close()
	return readFile(root, name, mostDerived)
}

// tooLarge is a file that nobody here wrote.
func tooLarge(name string, most int64) error {
	return fmt.Errorf("%s is larger than %v, which it never is", visible(name), bytesize.Size(most))
}
