package rig

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Cold drops the stage's files from the page cache, so that the next process to
// touch them is charged for them, as in a container with an image of its own.
//
// It matters at a limit. There the kernel evicts and re-reads the programs' own
// text, which stalls them all; a program whose text happens to be charged to
// the shell that built it would be spared.
func (s *Stage) Cold() error {
	return filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("drop from the page cache: %w", err)
		}
		defer f.Close()
		if err := f.Sync(); err != nil { // what is dirty would stay
			return fmt.Errorf("drop from the page cache: %w", err)
		}
		if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
			return fmt.Errorf("drop %s from the page cache: %w", path, err)
		}
		return nil
	})
}
