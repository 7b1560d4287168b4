package foreign

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// form is how rows lie in a file.
type form uint8

const (
	formCSV form = iota
	formLines
	formAzure // a document of tables, or an array of objects
)

// packing is what a file has to be unpacked with.
type packing uint8

const (
	plain packing = iota
	gzipped
	zstandard
)

// file is one file of a table.
type file struct {
	path    string
	table   string
	form    form
	packing packing
	comma   byte // of CSV
	columns []fileColumn
	parts   []part
	// Of an Azure document: which of its tables this is, and the others that it holds.
	index  int
	others []*file
}

// fileColumn is a column of a CSV file or of a table in an Azure document.
type fileColumn struct{ name string }

// part is a piece of a file that begins and ends with whole rows.
type part struct {
	from, to int64 // bytes, unpacked; to 0 is the end
	line     int   // of its beginning, from 1
}

var forms = map[string]form{".csv": formCSV, ".tsv": formCSV, ".ndjson": formLines, ".jsonl": formLines, ".json": formAzure}

// find lists the files to read. Those in a directory that are of no known form
// are passed over; one that is named is an error.
func find(paths []string) ([]*file, error) {
	var found []*file
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			f, ok := fileOf(path)
			if !ok {
				return nil, fmt.Errorf("%s is no table that can be read\nhint: files end in .csv, .tsv, .ndjson, .jsonl or .json, and may be packed as .gz or .zst", path)
			}
			found = append(found, f)
			continue
		}
		entries, err := os.ReadDir(path) // sorted by name
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if f, ok := fileOf(filepath.Join(path, e.Name())); ok && !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				found = append(found, f)
			}
		}
	}
	return found, nil
}

// fileOf is what a file's name says of it.
func fileOf(path string) (*file, bool) {
	name := filepath.Base(path)
	f := &file{path: path, comma: ','}
	lower := strings.ToLower(name)
	switch filepath.Ext(lower) {
	case ".gz":
		f.packing = gzipped
	case ".zst":
		f.packing = zstandard
	}
	if f.packing != plain {
		lower = strings.TrimSuffix(lower, filepath.Ext(lower))
		name = name[:len(lower)]
	}
	ext := filepath.Ext(lower)
	var known bool
	if f.form, known = forms[ext]; !known {
		return nil, false
	}
	if ext == ".tsv" {
		f.comma = '\t'
	}
	f.table = tableOf(strings.TrimSuffix(name, name[len(name)-len(ext):]))
	return f, f.table != ""
}

// tableOf is the table of a file's name: a known one whatever its case and what
// a browser or a rotation hung onto it, such as "requests (1)" or
// "requests-20260405T013000Z"; otherwise the name itself.
func tableOf(name string) string {
	front := name
	if i := strings.IndexAny(name, "-. ("); i > 0 {
		front = name[:i]
	}
	tables := schema.Tables()
	for _, candidate := range []string{name, front} {
		if i := slices.IndexFunc(tables, func(t schema.Table) bool { return strings.EqualFold(t.Name, candidate) }); i >= 0 {
			return tables[i].Name
		}
	}
	return name
}
