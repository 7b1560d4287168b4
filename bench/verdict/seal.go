package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

const (
	manifest = "manifest.json"
	signed   = "manifest.sig"
)

// reseal does what a forger does who knows how bundles are made: all sums anew, and the
// manifest's own.
func reseal(dir string) error {
	path := filepath.Join(dir, manifest)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("seal anew: %w", err)
	}
	var m lab.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("seal anew: %w", err)
	}
	paths, err := filesOf(dir)
	if err != nil {
		return err
	}
	m.Files, m.Seal = []lab.FileSum{}, ""
	slices.Sort(paths)
	for _, name := range paths {
		if name == manifest || name == signed {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("seal anew: %w", err)
		}
		m.Files = append(m.Files, lab.FileSum{Path: name, Bytes: int64(len(content)), SHA256: sum(content)})
	}
	unsealed, err := written(m)
	if err != nil {
		return err
	}
	m.Seal = sum(unsealed)
	sealed, err := written(m)
	if err != nil {
		return err
	}
	return os.WriteFile(path, sealed, 0o644)
}

// written is a manifest as bundles have it.
func written(m lab.Manifest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("seal anew: %w", err)
	}
	return b.Bytes(), nil
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// forgeable says that a bundle nobody edited is the same when it is sealed anew: else a
// forgery would be caught by its seal, and not for what was forged.
func forgeable(dir string) error {
	before, err := os.ReadFile(filepath.Join(dir, manifest))
	if err != nil {
		return fmt.Errorf("seal anew: %w", err)
	}
	if err := reseal(dir); err != nil {
		return err
	}
	after, err := os.ReadFile(filepath.Join(dir, manifest))
	if err == nil && !bytes.Equal(before, after) {
		err = errors.New("it is not as bundles are sealed: this bench has to follow them")
	}
	return err
}
