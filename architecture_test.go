// Package stanch_test holds the code to ARCHITECTURE.md.
package stanch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stanch-dev/stanch"

// row is one line of the table of layers.
type row struct {
	layer    string
	packages []string
	layers   []string // whose packages it may import
	never    []string
}

func layers(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "layer" {
			continue
		}
		rows = append(rows, row{strings.TrimSpace(cells[1]), list(cells[2]), list(cells[3]), list(cells[4])})
	}
	if len(rows) < 5 {
		t.Fatalf("ARCHITECTURE.md: read %d rows of layers, want at least 5", len(rows))
	}
	return rows
}

func list(cell string) (items []string) {
	for item := range strings.SplitSeq(cell, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// source is one package of the tree: its files without tests.
type source struct {
	dir   string
	files map[string]*ast.File
}

func tree(t *testing.T) []source {
	t.Helper()
	byDir := map[string]*source{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			if name != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(file))
		if byDir[dir] == nil {
			byDir[dir] = &source{dir: dir, files: map[string]*ast.File{}}
		}
		byDir[dir].files[file] = parsed
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	for _, s := range byDir {
		all = append(all, *s)
	}
	if len(all) < 7 {
		t.Fatalf("found %d packages, want at least 7: is the test run in the module's root?", len(all))
	}
	return all
}

func outside(dir string) bool {
	return strings.HasPrefix(dir, "bench/") || strings.HasPrefix(dir, "examples/") || dir == "bench" || dir == "examples"
}

func TestImportsFollowTheTableOfLayers(t *testing.T) {
	rows := layers(t)
	place := func(pkg string) (r row, at int, found bool) {
		name := strings.TrimPrefix(pkg, "internal/")
		for _, r := range rows {
			if i := slices.Index(r.packages, name); i >= 0 {
				return r, i, true
			}
		}
		return row{}, 0, false
	}
	for _, pkg := range tree(t) {
		if outside(pkg.dir) {
			continue
		}
		own, ownAt, found := place(pkg.dir)
		if !found {
			t.Errorf("%s has no row in ARCHITECTURE.md: a new package begins with its row", pkg.dir)
			continue
		}
		for file, parsed := range pkg.files {
			for _, spec := range parsed.Imports {
				target := strings.Trim(spec.Path.Value, `"`)
				if local, ours := strings.CutPrefix(target, module+"/"); ours {
					other, otherAt, found := place(local)
					switch {
					case !found:
						t.Errorf("%s imports %s, which has no row", file, local)
					case other.layer == own.layer && otherAt >= ownAt:
						t.Errorf("%s (%s) imports %s, which does not stand to its left", file, own.layer, local)
					case other.layer != own.layer && !slices.Contains(own.layers, other.layer):
						t.Errorf("%s (%s) imports %s (%s); the table allows %v", file, own.layer, local, other.layer, own.layers)
					}
					continue
				}
				if target == "net/url" {
					continue // it reads and writes text, and knows no network
				}
				for _, banned := range own.never {
					third := banned == "third-party" && strings.Contains(strings.SplitN(target, "/", 2)[0], ".")
					if third || target == banned || strings.HasPrefix(target, banned+"/") {
						t.Errorf("%s imports %q, which the layer %s never does", file, target, own.layer)
					}
				}
			}
		}
	}
	for _, r := range rows {
		for _, name := range r.packages {
			dir := path.Join("internal", name)
			if strings.HasPrefix(name, "cmd/") {
				dir = name
			}
			if _, err := os.Stat(dir); err != nil {
				t.Errorf("ARCHITECTURE.md names %s, which is not there: %v", name, err)
			}
		}
	}
}

func TestEveryPackageHasItsOneComment(t *testing.T) {
	for _, pkg := range tree(t) {
		var with []string
		for file, parsed := range pkg.files {
			if parsed.Doc == nil {
				continue
			}
			with = append(with, file)
			text, name := parsed.Doc.Text(), parsed.Name.Name
			want := "Package " + name + " "
			if name == "main" {
				want = "Command "
			}
			if !strings.HasPrefix(text, want) {
				t.Errorf("%s: the package comment begins %q, want %q", file, strings.SplitN(text, "\n", 2)[0], want)
			}
			if first, _, _ := strings.Cut(text, "\n\n"); len(first) < 40 {
				t.Errorf("%s: the package comment %q says too little", file, first)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has %d package comments, want 1 (%v)", pkg.dir, len(with), with)
		}
	}
}
