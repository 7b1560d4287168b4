// Package casefile reads the files of KQL cases that tests and the oracle share.
//
// A file holds cases, each begun by a line "== name". Below it stands the query;
// behind "-- rows", if there is one, the rows that it gives, each an array of
// JSON; behind "-- error", a part of the refusal's message; behind "-- warning",
// a part of each warning. A case without any of them is only compiled.
package casefile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Case is one query with what it should give.
type Case struct {
	ID       string // file name, slash, the case's name
	KQL      string
	HasRows  bool
	Rows     []string
	Error    string
	Warnings []string
}

// Load reads the *.txt files of a directory.
func Load(dir string) (all []Case, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no case files", dir)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, parse(strings.TrimSuffix(filepath.Base(name), ".txt"), string(text))...)
	}
	return all, nil
}

func parse(file, text string) (all []Case) {
	part := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "== "); ok {
			all = append(all, Case{ID: file + "/" + name})
			part = "query"
			continue
		}
		if len(all) == 0 {
			continue
		}
		c := &all[len(all)-1]
		switch line {
		case "-- rows", "-- error", "-- warning":
			part = line
			c.HasRows = c.HasRows || line == "-- rows"
			continue
		}
		switch {
		case part == "query":
			c.KQL += line + "\n"
		case line == "":
		case part == "-- rows":
			c.Rows = append(c.Rows, line)
		case part == "-- error":
			c.Error = line
		case part == "-- warning":
			c.Warnings = append(c.Warnings, line)
		}
	}
	for i := range all {
		all[i].KQL = strings.TrimSpace(all[i].KQL)
	}
	return all
}

// Schema is a source without rows: stanch's tables, and a table T with a column
// of every type.
func Schema() table.Source {
	return tables(append(schema.Tables(), schema.Table{Name: "T", Time: "d", Columns: []schema.Column{
		{Name: "x", Type: schema.Long},
		{Name: "s", Type: schema.String},
		{Name: "r", Type: schema.Real},
		{Name: "b", Type: schema.Bool},
		{Name: "d", Type: schema.Datetime},
		{Name: "t", Type: schema.Timespan},
		{Name: "j", Type: schema.Dynamic},
		{Name: "i", Type: schema.Int},
		{Name: "m", Type: schema.Decimal},
		{Name: "g", Type: schema.Guid},
	}}))
}

type tables []schema.Table

func (t tables) Tables() []schema.Table { return t }

func (tables) Scan(context.Context, string, table.Request) ([]table.Split, error) { return nil, nil }
