package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// What an answer may come to.
const (
	mostRows   = 10_000
	mostAnswer = 16 << 20 // bytes of its rows
	mostMemory = 256 << 20
)

// Ask puts a question to the tables of a run. The query sees the rows of its window and
// no others, and now() is the window's end. The same tables give the same answer to the
// byte: the engine reads them in their order, with one goroutine, and rand() is refused.
//
// Cells are nil, bool, int64, float64 or string. A decimal is the nearest float64; NaN,
// Infinity and -Infinity are texts, since JSON has no such numbers; moments, spans, guids
// are texts, and arrays and bags texts of JSON. A query that is refused, one that gives
// more than 10,000 rows or 16 MiB, and a context that is done are the answer's Problem.
func Ask(ctx context.Context, tables table.Source, q lab.Question) lab.Answer {
	a := lab.Answer{
		ID: q.ID, Part: q.Part, Run: q.Run, Window: slices.Clone(q.Window),
		From: q.From.Round(0).UTC(), To: q.To.Round(0).UTC(), KQL: q.KQL,
	}
	var err error
	if a.Columns, a.Rows, err = answer(ctx, tables, q); err != nil {
		a.Problem = problem(err)
	}
	return a
}

// random is what makes an answer another each time. Within a text it is harmless, and
// refused all the same.
var random = regexp.MustCompile(`(?i)\brand\s*\(`)

func answer(ctx context.Context, tables table.Source, q lab.Question) (columns []string, cells [][]any, err error) {
	if random.MatchString(q.KQL) {
		return nil, nil, errors.New("the query says rand(), which gives another answer each time")
	}
	if tables != nil {
		tables = during(tables, q.From, q.To)
	}
	queries, _, err := kql.Compile(q.KQL, kql.Options{Source: tables, Now: value.Ticks(q.To), MemoryLimit: mostMemory, Workers: 1})
	if err != nil {
		return nil, nil, err
	}
	if len(queries) != 1 {
		return nil, nil, fmt.Errorf("there are %d queries, and a question is one", len(queries))
	}
	result, err := queries[0].Run(ctx)
	if err != nil {
		if refused := (*kql.Error)(nil); errors.As(err, &refused) {
			err = errors.New(refused.Message) // its hint is about flags that nobody has here
		}
		return nil, nil, err
	}
	if len(result.Rows) > mostRows {
		return nil, nil, fmt.Errorf("the query gives %d rows, and an answer has %d at most", len(result.Rows), mostRows)
	}
	size := int64(0)
	for _, c := range result.Columns {
		columns = append(columns, valid(c.Name))
	}
	for _, row := range result.Rows {
		line := make([]any, len(row))
		for i, v := range row {
			if size += 8 + v.Size(); size > mostAnswer {
				return nil, nil, fmt.Errorf("the query gives more than %v", bytesize.Size(mostAnswer))
			}
			line[i] = cell(v, result.Columns[i].Type)
		}
		cells = append(cells, line)
	}
	return columns, cells, nil
}

// cell is a value as an answer holds it.
func cell(v value.Value, t schema.Type) any {
	switch v.Kind() {
	case value.KindNull:
		if t == schema.String {
			return "" // in Kusto a string is never null
		}
		return nil
	case value.KindBool:
		return v.Bool()
	case value.KindInt, value.KindLong:
		return v.Long()
	case value.KindReal, value.KindDecimal:
		f, _ := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return string(value.AppendReal(nil, f))
		}
		return f
	case value.KindDatetime:
		return value.Time(v.Long()).Format(time.RFC3339Nano)
	}
	return valid(v.Text())
}

// valid is a text that JSON can hold as it stands.
func valid(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

// problem is an error without where the folder lies, so that it is the same anywhere.
func problem(err error) string {
	text := err.Error()
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		text = strings.ReplaceAll(text, failed.Path, filepath.Base(failed.Path))
	}
	return valid(text)
}
