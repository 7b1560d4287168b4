package bundle

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Check reads the whole folder and says, one line each and sorted, where it is not as
// the manifest has it; none is a folder that is as it was sealed. A bundle that was never
// ended has nothing to be checked against, and that is its line. The error is a folder
// that can't be read.
func (b *Bundle) Check() ([]string, error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, fmt.Errorf("check the bundle: %w", err)
	}
	defer root.Close()
	lines, err := b.checkManifest(root)
	if err != nil {
		return nil, fmt.Errorf("check the bundle: %w", err)
	}
	if b.Manifest.State == lab.Running {
		slices.Sort(lines)
		return lines, nil
	}
	all, err := walk(root)
	if err != nil {
		return nil, fmt.Errorf("check the bundle: %w", err)
	}
	there, empty := map[string]found{}, map[string]bool{}
	for _, f := range all {
		switch {
		case f.info.IsDir():
			empty[f.name] = true
		case !f.info.Mode().IsRegular():
			lines = append(lines, visible(f.name)+": is "+kindOf(f.info.Mode(), false))
			there[f.name] = f
		default:
			there[f.name] = f
		}
		for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
			delete(empty, dir)
		}
	}
	known := map[string]bool{}
	for _, sum := range b.Manifest.Files {
		if known[sum.Path] {
			lines = append(lines, fmt.Sprintf("%s: names %s twice", manifestName, visible(sum.Path)))
			continue
		}
		known[sum.Path] = true
		line, err := checkFile(root, sum, there)
		if err != nil {
			return nil, fmt.Errorf("check the bundle: %w", err)
		}
		lines = append(lines, line...)
	}
	for name, f := range there {
		if summed(name) && !known[name] && f.info.Mode().IsRegular() {
			lines = append(lines, visible(name)+": is not in the manifest")
		}
	}
	for name := range empty {
		lines = append(lines, visible(name)+": is a folder of nothing")
	}
	slices.Sort(lines)
	return lines, nil
}

// checkManifest holds the manifest to its seal, and to the signature beside it.
func (b *Bundle) checkManifest(root *os.Root) (lines []string, err error) {
	say := func(name, what string) { lines = append(lines, name+": "+what) }
	text, err := encodeManifest(b.Manifest)
	if err != nil {
		return nil, err
	}
	if string(text) != string(b.text) {
		say(manifestName, "is not spelt as it was written")
	}
	if b.Manifest.State == lab.Running {
		say(manifestName, "the bundle was never ended, so it has no sums to be checked against")
		return lines, nil
	}
	seal, err := sealOf(b.Manifest)
	if err != nil {
		return nil, err
	}
	if seal != b.Manifest.Seal {
		say(manifestName, "was changed after it was sealed")
	}
	if _, err := root.Lstat(signatureName); err != nil {
		return lines, nil // nobody signed it
	}
	if _, err := signedBy(root, b.text); err != nil {
		say(signatureName, strings.TrimPrefix(err.Error(), signatureName+": "))
	}
	return lines, nil
}

// checkFile holds a file to its sum.
func checkFile(root *os.Root, want lab.FileSum, there map[string]found) (lines []string, err error) {
	say := func(format string, args ...any) {
		lines = append(lines, visible(want.Path)+": "+fmt.Sprintf(format, args...))
	}
	if err := local(want.Path); err != nil || !summed(want.Path) {
		say("is in the manifest, and is no name of a file in a bundle")
		return lines, nil
	}
	f, ok := there[want.Path]
	switch {
	case !ok:
		say("is missing")
		return lines, nil
	case !f.info.Mode().IsRegular():
		return nil, nil // that is told already
	case f.info.Size() != want.Bytes:
		say("has %d bytes, and had %d", f.info.Size(), want.Bytes)
		return lines, nil
	}
	got, err := sumOf(root, want.Path)
	if err != nil {
		return nil, err
	}
	if got != want {
		say("was changed: its sum is another")
	}
	return lines, nil
}
