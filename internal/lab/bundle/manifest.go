package bundle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

// encode writes JSON for people and for sums: indented, one way only.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decode reads one JSON value with the keys of v alone.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its end")
	}
	return nil
}

// encodeManifest is the one text of a manifest.
func encodeManifest(m lab.Manifest) ([]byte, error) {
	m.Started, m.Ended = m.Started.Round(0).UTC(), m.Ended.Round(0).UTC()
	m.Files = slices.Clone(m.Files)
	if m.Files == nil {
		m.Files = []lab.FileSum{}
	}
	slices.SortStableFunc(m.Files, func(a, b lab.FileSum) int { return cmp.Compare(a.Path, b.Path) })
	text, err := encode(m)
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return text, nil
}

func decodeManifest(text []byte) (m lab.Manifest, err error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return m, fmt.Errorf("read %s: %w", manifestName, err)
	}
	if version.Format != Format {
		return m, fmt.Errorf("%s: the bundle has format %d, and this stanch reads %d", manifestName, version.Format, Format)
	}
	if err := decode(text, &m); err != nil {
		return m, fmt.Errorf("read %s: %w", manifestName, err)
	}
	if !slices.Contains([]lab.State{lab.Running, lab.Aborted, lab.Complete}, m.State) {
		return m, fmt.Errorf("%s: there is no state %.40q", manifestName, m.State)
	}
	if len(m.Files) > mostFiles {
		return m, fmt.Errorf("%s names %d files, and no bundle has more than %d", manifestName, len(m.Files), mostFiles)
	}
	return m, nil
}

// sealOf is the sum of a manifest with an empty seal.
func sealOf(m lab.Manifest) (string, error) {
	m.Seal = ""
	text, err := encodeManifest(m)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
