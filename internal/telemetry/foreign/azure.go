package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// lookAzure finds the columns of a document's table, and files for its other
// tables. A .json file that is no document holds lines.
func (f *file) lookAzure(g *guess, in *stream, passed int64) error {
	d := &document{in: in, line: 1}
	f.parts = []part{{from: passed, line: 1}}
	names := map[int]string{}
	var told []schema.Type
	var indexes []int
	var name []byte
	found, err := d.tables(visitor{
		name: func(n int, name string) { names[n] = name },
		columns: func(n int, columns []value.Value) {
			if _, named := names[n]; !named {
				names[n] = ""
			}
			if n != f.index {
				return
			}
			for _, c := range columns {
				column, t := columnOf(c)
				f.columns = append(f.columns, fileColumn{column})
				i := g.column(column)
				indexes, told = append(indexes, i), append(told, t)
				if g.told[i] == schema.Unknown {
					g.told[i] = t
				}
			}
		},
		row: func(n int, raw []byte) error {
			switch {
			case n != f.index || len(raw) == 0:
			case raw[0] == '{':
				name = g.object(withoutName(raw), name, isStringly(raw))
			default:
				g.array(raw, indexes)
			}
			return nil
		},
	})
	if !found && err == nil || !found && f.index == 0 && !errors.Is(err, errCut) {
		f.form = formLines
		f.parts = nil
		again, err := f.open(part{})
		if err != nil {
			return err
		}
		defer again.close()
		if passed, err = again.begin(); err != nil {
			return err
		}
		return f.lookLines(g, again, passed)
	}
	for n := 1; f.index == 0 && n < len(names); n++ {
		other := names[n]
		if other == "" || other == "PrimaryResult" || strings.HasPrefix(other, "Table_") {
			other = fmt.Sprintf("%s_%d", f.table, n+1)
		}
		f.others = append(f.others, &file{path: f.path, table: other, form: f.form, packing: f.packing, index: n})
	}
	return nil
}

// array looks at a row whose columns have no types of their own.
func (g *guess) array(raw []byte, indexes []int) {
	settled := true
	for _, i := range indexes {
		settled = settled && g.settled(i)
	}
	if settled {
		return
	}
	row, _ := value.ParseJSON(string(raw))
	for n, e := range row.Elems() {
		if n < len(indexes) && !g.settled(indexes[n]) && !e.IsNull() {
			g.seen[indexes[n]] |= kindOfJSON(e.AppendJSON(nil), false)
		}
	}
}

// columnOf is the name and the type of {"name","type"}, or of Kusto's
// {"ColumnName","ColumnType"}.
func columnOf(c value.Value) (name string, t schema.Type) {
	if c.Bag() == nil {
		return c.Str(), schema.Unknown
	}
	for key, v := range c.Bag().All() {
		switch strings.ToLower(key) {
		case "name", "columnname":
			name = v.Str()
		case "type", "columntype":
			t = schema.ParseType(v.Str())
		}
	}
	return name, t
}

// isStringly says whether an object is as az monitor log-analytics prints it: all
// values are strings, and one says which table it is of.
func isStringly(raw []byte) bool {
	_, behind, found := bytes.Cut(raw, []byte(`"TableName"`))
	return found && bytes.HasPrefix(bytes.TrimLeft(behind, ": \t\r\n"), []byte(`"PrimaryResult"`))
}

// withoutName is an object without the mark of az, which is no column.
func withoutName(raw []byte) []byte {
	if !isStringly(raw) {
		return raw
	}
	v, ok := value.ParseJSON(string(raw))
	if !ok || v.Bag() == nil {
		return raw
	}
	b := value.NewBag(v.Bag().Len())
	for key, e := range v.Bag().All() {
		if key != "TableName" {
			b.Set(key, e)
		}
	}
	return value.FromBag(b).AppendJSON(nil)
}

func (s *split) azure(in *stream, lost losses, yield func([]value.Value) error) error {
	d := &document{in: in, line: s.part.line}
	blank, row, wanted := s.newRow()
	places := s.places(s.file.columns, wanted)
	var stop error
	take := func(i int, v value.Value) {
		column := s.table.Columns[i]
		c, ok := fromJSON(v, column.Type)
		if !ok {
			lost.add(column.Name, d.line, func() string { return fmt.Sprintf("%.40s is no %v", v.AppendJSON(nil), column.Type) })
			c = blank[i]
		}
		row[i] = c
	}
	_, err := d.tables(visitor{
		name:    func(int, string) {},
		columns: func(int, []value.Value) {},
		row: func(n int, raw []byte) error {
			if n != s.file.index {
				return nil
			}
			if raw == nil {
				lost.add("", d.line, errLong.Error)
				return nil
			}
			v, ok := value.ParseJSON(unsafe.String(unsafe.SliceData(raw), len(raw)))
			copy(row, blank)
			switch {
			case ok && v.Bag() != nil:
				for i, c := range s.table.Columns {
					if e, has := v.Bag().Get(c.Name); has && wanted[i] {
						take(i, e)
					}
				}
			case ok && v.Kind() == value.KindArray && len(v.Elems()) == len(places):
				for i, e := range v.Elems() {
					if places[i] >= 0 {
						take(places[i], e)
					}
				}
			default:
				lost.add("", d.line, func() string { return fmt.Sprintf("%.40s is no row of %d columns", raw, len(places)) })
				return nil
			}
			stop = yield(row)
			return stop
		},
	})
	if stop != nil {
		return stop
	}
	if err != nil {
		lost.add("", d.line, err.Error)
	}
	return nil
}
