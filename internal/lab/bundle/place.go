package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// visible is a name from a folder as it can be shown on one line.
func visible(name string) string { return tabular.Visible(name) }

// local checks that a name, with slashes, is one of a file in the folder, spelt in the
// one way that there is.
func local(name string) error {
	if name == "." || strings.Contains(name, `\`) || strings.ContainsRune(name, 0) || path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("%.200q is no name of a file in a bundle", name)
	}
	return nil
}

// plain checks that a name leads to what is wanted through folders alone: links, which
// lead anywhere, and pipes, which wait for somebody, are refused.
func plain(root *os.Root, name string, dir bool) error {
	if err := local(name); err != nil {
		return err
	}
	for end := range len(name) + 1 {
		last := end == len(name)
		if !last && name[end] != '/' {
			continue
		}
		info, err := root.Lstat(filepath.FromSlash(name[:end]))
		if err != nil {
			return inside(err, name)
		}
		if (!last || dir) && !info.IsDir() || last && !dir && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is %s", visible(name[:end]), kindOf(info.Mode(), !last || dir))
		}
	}
	return nil
}

// kindOf says what something is that should have been a folder or a file.
func kindOf(mode fs.FileMode, dir bool) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link, and none is followed"
	case mode.IsDir():
		return "a folder, and should be a file"
	case mode.IsRegular() && dir:
		return "a file, and should be a folder"
	}
	return "neither a file nor a folder"
}

// inside is an error of the file system with the name that a thing has in the bundle,
// wherever that lies.
func inside(err error, name string) error {
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return fmt.Errorf("read %s: %w", visible(name), err)
}

// openFile opens a file of the folder for reading.
func openFile(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	if err := plain(root, name, false); err != nil {
		return nil, nil, err
	}
	// Without waiting: what was a file may be a pipe by now.
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, inside(err, name)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(kindOf(info.Mode(), false))
	}
	if err != nil {
		file.Close()
		return nil, nil, inside(err, name)
	}
	return file, info, nil
}

// readFile reads a file of the folder that is no larger than most.
func readFile(root *os.Root, name string, most int64) ([]byte, error) {
	file, info, err := openFile(root, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info.Size() > most {
		return nil, tooLarge(name, most)
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, inside(err, name)
	}
	if int64(len(text)) > most {
		return nil, tooLarge(name, most) // it grew meanwhile
	}
	return text, nil
}

// listDir is what is in a folder of the bundle, by name.
func listDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	if err := plain(root, name, true); err != nil {
		return nil, err
	}
	dir, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, inside(err, name)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(mostFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, inside(err, name)
	}
	if len(entries) > mostFiles {
		return nil, fmt.Errorf("%s has more than %d files", visible(name), mostFiles)
	}
	return entries, nil
}
