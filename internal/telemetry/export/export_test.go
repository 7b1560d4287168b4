package export_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/stanch-dev/stanch/internal/telemetry/export"
	"github.com/stanch-dev/stanch/internal/telemetry/foreign"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// memory is a source of rows that are kept.
type memory struct {
	tables []schema.Table
	rows   map[string][][]value.Value
	err    error // that a scan ends with
}

func (m *memory) Tables() []schema.Table { return m.tables }

func (m *memory) Scan(_ context.Context, name string, _ table.Request) ([]table.Split, error) {
	return []table.Split{&kept{m.rows[name], m.err}}, nil
}

type kept struct {
	rows [][]value.Value
	err  error
}

func (k *kept) Rows(_ context.Context, yield func([]value.Value) error) error {
	for _, row := range k.rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return k.err
}

func at(text string) value.Value { ticks, _ := value.ParseDatetime(text); return value.Datetime(ticks) }

// everything is a source with a table of every type, values that are easily
// spoilt, and nulls; requests, and a table without rows.
func everything() *memory {
	decimal, _ := value.ParseDecimal("12345678901234567890.5")
	guid, _ := value.ParseGUID("74be27de-1e4e-49d9-b579-fe0b331d3642")
	bag, _ := value.ParseJSON(`{"a":[1,2.5,null,"x\"y"],"b":{}}`)
	requests, _ := schema.Find("requests")
	row := make([]value.Value, len(requests.Columns))
	for i, c := range requests.Columns {
		if c.Type == schema.String {
			row[i] = value.String(c.Name)
		}
	}
	row[0], row[1] = at("2026-04-05T01:30:00.1234567"), value.Real(12.5)
	row[len(row)-1] = bag
	return &memory{
		tables: []schema.Table{
			{Name: "types", Time: "at", Columns: []schema.Column{
				{Name: "at", Type: schema.Datetime},
				{Name: "b", Type: schema.Bool},
				{Name: "i", Type: schema.Int},
				{Name: "l", Type: schema.Long},
				{Name: "r", Type: schema.Real},
				{Name: "d", Type: schema.Decimal},
				{Name: "span", Type: schema.Timespan},
				{Name: "s", Type: schema.String},
				{Name: "g", Type: schema.Guid},
				{Name: "dyn", Type: schema.Dynamic},
			}},
			requests,
			{Name: "none", Columns: []schema.Column{{Name: "x", Type: schema.Long}}},
		},
		rows: map[string][][]value.Value{
			"types": {
				{at("2026-04-05T01:30:00.1234567"), value.Bool(true), value.Int(-7), value.Long(math.MaxInt64), value.Real(0.1), value.Dec(decimal), value.Timespan(-15), value.String("a,\"b\"\n\x01é"), value.GUID(guid), bag},
				{at("2026-04-05T01:31:00"), value.Null, value.Null, value.Null, value.Null, value.Null, value.Null, value.String(""), value.Null, value.Null},
				{at("0001-01-01"), value.Bool(false), value.Int(math.MinInt32), value.Long(math.MinInt64), value.Real(math.Inf(-1)), value.Dec(value.DecimalOf(0)), value.Timespan(value.Day), value.String("5"), value.GUID([16]byte{}), value.String("5")},
				{at("9999-12-31T23:59:59.9999999"), value.Bool(true), value.Int(0), value.Long(0), value.Real(0), value.Null, value.Timespan(0), value.String("null"), value.Null, value.Long(5)},
			},
			"requests": {row},
		},
	}
}

// dump is all rows of a source as JSON.
func dump(t *testing.T, s table.Source) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, of := range s.Tables() {
		want := make([]int, len(of.Columns))
		for i := range want {
			want[i] = i
		}
		splits, err := s.Scan(t.Context(), of.Name, table.Request{Columns: want, To: value.MaxDatetime})
		if err != nil {
			t.Fatal(err)
		}
		for _, split := range splits {
			if err := split.Rows(t.Context(), func(row []value.Value) error {
				var line []byte
				for i, v := range row {
					line = append(append(line, of.Columns[i].Name...), ':')
					line = append(v.AppendJSON(line), ' ')
				}
				all[of.Name] = append(all[of.Name], string(line))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func TestWhatIsExportedForAppInsightsReadsBackEqual(t *testing.T) {
	source, dir := everything(), t.TempDir()
	written, err := export.Tables(t.Context(), source, dir, export.Options{Format: export.AppInsights, To: value.MaxDatetime})
	if err != nil {
		t.Fatal(err)
	}
	want := []export.Written{{Table: "types", File: filepath.Join(dir, "types.json"), Rows: 4}, {Table: "requests", File: filepath.Join(dir, "requests.json"), Rows: 1}}
	for i := range written {
		if info, err := os.Stat(written[i].File); err != nil || info.Size() != written[i].Bytes {
			t.Errorf("Tables says that %s has %d bytes; it is %v, %v", written[i].File, written[i].Bytes, info, err)
		}
		written[i].Bytes = 0
	}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("Tables: -want +got\n%s", diff)
	}
	back, err := foreign.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(source.tables[:2], []schema.Table{find(back, "types"), find(back, "requests")}, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Time" }, cmp.Ignore())); diff != "" {
		t.Errorf("tables that are read back: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(dump(t, source), dump(t, back)); diff != "" {
		t.Errorf("rows that are read back: -want +got\n%s", diff)
	}
	if w := back.Warnings(); len(w) > 0 {
		t.Errorf("warnings on the way back: %v", w)
	}
}

func find(s table.Source, name string) schema.Table {
	for _, t := range s.Tables() {
		if t.Name == name {
			return t
		}
	}
	return schema.Table{}
}

func TestCSVOfAKnownTableReadsBackEqual(t *testing.T) {
	source, dir := everything(), t.TempDir()
	if _, err := export.Tables(t.Context(), source, dir, export.Options{Format: export.CSV, Tables: []string{"requests"}, To: value.MaxDatetime}); err != nil {
		t.Fatal(err)
	}
	back, err := foreign.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"requests": dump(t, source)["requests"]}, dump(t, back)); diff != "" {
		t.Errorf("rows that are read back: -want +got\n%s", diff)
	}
}

// Parquet is read by another implementation than ours.
func TestParquetIsReadByOthers(t *testing.T) {
	source, dir := everything(), t.TempDir()
	// Enough rows for a second group, with runs of nulls of all lengths.
	long := schema.Table{Name: "long", Columns: []schema.Column{{Name: "n", Type: schema.Long}, {Name: "odd", Type: schema.Bool}, {Name: "text", Type: schema.String}}}
	source.tables = append(source.tables, long)
	const most = 150_000
	for n := range int64(most) {
		row := []value.Value{value.Long(n), value.Bool(n%2 == 1), value.String(strings.Repeat("x", int(n%7)))}
		if n%97 < n%13 {
			row[0], row[1] = value.Null, value.Null
		}
		source.rows["long"] = append(source.rows["long"], row)
	}
	if _, err := export.Tables(t.Context(), source, dir, export.Options{Format: export.Parquet, To: value.MaxDatetime}); err != nil {
		t.Fatal(err)
	}
	columns, rows := readParquet(t, filepath.Join(dir, "types.parquet"))
	if diff := cmp.Diff([]string{
		"at INT64 TIMESTAMP_MICROS", "b BOOLEAN", "i INT32", "l INT64", "r DOUBLE", "d BYTE_ARRAY UTF8",
		"span BYTE_ARRAY UTF8", "s BYTE_ARRAY UTF8", "g BYTE_ARRAY UTF8", "dyn BYTE_ARRAY JSON",
	}, columns); diff != "" {
		t.Errorf("columns: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"1775352600123456 true -7 9223372036854775807 0.1 12345678901234567890.5 -00:00:00.0000015 a,\"b\"\n\x01é 74be27de-1e4e-49d9-b579-fe0b331d3642 {\"a\":[1,2.5,null,\"x\\\"y\"],\"b\":{}}",
		"1775352660000000 <null> <null> <null> <null> <null> <null>  <null> <null>",
		"-62135596800000000 false -2147483648 -9223372036854775808 -Inf 0 1.00:00:00 5 00000000-0000-0000-0000-000000000000 \"5\"",
		"253402300799999999 true 0 0 0 <null> 00:00:00 null <null> 5",
	}, rows); diff != "" {
		t.Errorf("rows of types: -want +got\n%s", diff)
	}
	_, rows = readParquet(t, filepath.Join(dir, "long.parquet"))
	if len(rows) != most {
		t.Fatalf("long has %d rows, want %d", len(rows), most)
	}
	for n, got := range rows {
		want := fmt.Sprintf("%d %v %s", n, n%2 == 1, strings.Repeat("x", n%7))
		if n%97 < n%13 {
			want = "<null> <null> " + strings.Repeat("x", n%7)
		}
		if got != want {
			t.Fatalf("row %d of long is %q, want %q", n, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.parquet")); err == nil {
		t.Error("a table without rows has a file")
	}
}

func readParquet(t *testing.T, path string) (columns, rows []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	for _, e := range p.Metadata().Schema[1:] {
		kind, _ := e.Type.Get()
		text := e.Name + " " + fmt.Sprint(kind)
		if c, ok := e.ConvertedType.Get(); ok {
			text += " " + map[int]string{0: "UTF8", 10: "TIMESTAMP_MICROS", 19: "JSON"}[int(c)]
		}
		columns = append(columns, text)
	}
	for _, g := range p.RowGroups() {
		r := g.Rows()
		buf := make([]parquet.Row, 64)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				var cells []string
				for _, v := range row {
					cells = append(cells, v.String())
				}
				rows = append(rows, strings.Join(cells, " "))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("read %s: %v", path, err)
			}
		}
		r.Close()
	}
	return columns, rows
}

func TestOnlyTheTimeThatIsAskedForIsWritten(t *testing.T) {
	for _, test := range []struct {
		from, to string
		rows     int64
	}{
		{"2026-04-05T01:30:00", "2026-04-05T01:31:00", 2},
		{"2026-04-05T01:31:00", "2026-04-05T01:31:00", 1},
		{"2026-04-05T01:31:00.0000001", "2030-01-01", 0},
	} {
		written, err := export.Tables(t.Context(), everything(), t.TempDir(), export.Options{
			Format: export.CSV, Tables: []string{"types"}, From: at(test.from).Long(), To: at(test.to).Long(),
		})
		rows := int64(0)
		for _, w := range written {
			rows += w.Rows
		}
		if err != nil || rows != test.rows {
			t.Errorf("Tables from %s to %s writes %d rows, %v; want %d", test.from, test.to, rows, err, test.rows)
		}
	}
}

func TestAnExportThatFailsLeavesNoHalfOfAFile(t *testing.T) {
	source, dir := everything(), t.TempDir()
	source.err = errors.New("the disk is gone")
	_, err := export.Tables(t.Context(), source, dir, export.Options{Format: export.Parquet, To: value.MaxDatetime})
	if !errors.Is(err, source.err) {
		t.Errorf("Tables from a source that fails: %v, want %v", err, source.err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("it leaves %v", files)
	}
	if _, err := export.Tables(t.Context(), source, dir, export.Options{Format: export.CSV, Tables: []string{"nope"}}); err == nil || !strings.Contains(err.Error(), "there is no table of that name") {
		t.Errorf("Tables of a table that is none: %v", err)
	}
}
