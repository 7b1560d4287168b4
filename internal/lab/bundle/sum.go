package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/stanch-dev/stanch/internal/lab"
)

// sumOf reads a file to its end, a piece at a time.
func sumOf(root *os.Root, name string) (lab.FileSum, error) {
	file, _, err := openFile(root, name)
	if err != nil {
		return lab.FileSum{}, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, file)
	if err != nil {
		return lab.FileSum{}, inside(err, name)
	}
	return lab.FileSum{Path: name, Bytes: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}

// summed says whether the manifest has a file's sum: of itself it can't, and whoever
// signs it does so later.
func summed(name string) bool { return name != manifestName && name != signatureName }

// found is something in the folder.
type found struct {
	name string
	info fs.FileInfo
}

// walk finds everything in the folder, by name, and follows no link.
func walk(root *os.Root) (all []found, err error) {
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return inside(err, name)
		}
		if name == "." {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return inside(err, name)
		}
		if all = append(all, found{name, info}); len(all) > 2*mostFiles {
			return fmt.Errorf("the bundle has more than %d files", mostFiles)
		}
		return nil
	})
	return all, err
}
