package bundle

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// EncodeAnswers writes answers as queries.json: by run, part and id, a row a line. The
// same answers in whatever order are the same text. A float64 has a point or an exponent,
// which an int64 never has. The error is a cell that JSON has no word for.
func EncodeAnswers(answers []lab.Answer) ([]byte, error) {
	all := make([]string, 0, len(answers))
	order := slices.Clone(answers)
	slices.SortStableFunc(order, func(a, b lab.Answer) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), strings.Compare(a.Part, b.Part), strings.Compare(a.ID, b.ID),
			a.From.Compare(b.From), a.To.Compare(b.To), slices.Compare(a.Window, b.Window), strings.Compare(a.KQL, b.KQL))
	})
	for _, a := range order {
		text, err := encodeAnswer(a)
		if err != nil {
			return nil, fmt.Errorf("encode the answer to %s of run %d: %w", a.ID, a.Run, err)
		}
		all = append(all, string(text))
	}
	if len(all) == 0 {
		return []byte("[]\n"), nil
	}
	return []byte("[\n" + strings.Join(all, ",\n") + "\n]\n"), nil
}

func encodeAnswer(a lab.Answer) ([]byte, error) {
	text := func(to []byte, key, s string) []byte {
		return append(value.AppendQuoted(append(to, "  \""+key+"\": "...), s), ",\n"...)
	}
	to := []byte(" {\n")
	to = text(to, "id", a.ID)
	to = text(to, "part", a.Part)
	to = fmt.Appendf(to, "  \"run\": %d,\n", a.Run)
	to = appendTexts(append(to, "  \"window\": "...), a.Window)
	to = text(append(to, ",\n"...), "from", a.From.UTC().Format(time.RFC3339Nano))
	to = text(to, "to", a.To.UTC().Format(time.RFC3339Nano))
	to = text(to, "kql", a.KQL)
	to = appendTexts(append(to, "  \"columns\": "...), a.Columns)
	to = append(to, ",\n  \"rows\": ["...)
	for i, row := range a.Rows {
		if len(row) != len(a.Columns) {
			return nil, fmt.Errorf("row %d has %d cells for %d columns", i+1, len(row), len(a.Columns))
		}
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, "\n   ["...)
		for j, cell := range row {
			if j > 0 {
				to = append(to, ',')
			}
			var err error
			if to, err = appendCell(to, cell); err != nil {
				return nil, fmt.Errorf("row %d, column %s: %w", i+1, a.Columns[j], err)
			}
		}
		to = append(to, ']')
	}
	if len(a.Rows) > 0 {
		to = append(to, "\n  "...)
	}
	to = append(to, ']')
	if a.Problem != "" {
		to = value.AppendQuoted(append(to, ",\n  \"problem\": "...), a.Problem)
	}
	return append(to, "\n }"...), nil
}

func appendTexts(to []byte, all []string) []byte {
	to = append(to, '[')
	for i, s := range all {
		if i > 0 {
			to = append(to, ',')
		}
		to = value.AppendQuoted(to, s)
	}
	return append(to, ']')
}

func appendCell(to []byte, cell any) ([]byte, error) {
	switch v := cell.(type) {
	case nil:
		return append(to, "null"...), nil
	case bool:
		return strconv.AppendBool(to, v), nil
	case int64:
		return strconv.AppendInt(to, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("JSON has no number %v", v)
		}
		return value.AppendReal(to, v), nil
	case string:
		return value.AppendQuoted(to, v), nil
	}
	return nil, fmt.Errorf("a %T is no cell", cell)
}

// DecodeAnswers reads what EncodeAnswers wrote. Cells are nil, bool, int64, float64 or
// string again, and lists without an entry are nil.
func DecodeAnswers(text []byte) ([]lab.Answer, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	var all []lab.Answer
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("read the answers: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read the answers: something stands behind their end")
	}
	for i := range all {
		if err := settle(&all[i]); err != nil {
			return nil, fmt.Errorf("read the answer to %.100q of run %d: %w", all[i].ID, all[i].Run, err)
		}
	}
	return all, nil
}

// settle gives an answer from JSON the form of one that was just had.
func settle(a *lab.Answer) error {
	for _, t := range []*time.Time{&a.From, &a.To} {
		if *t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
			return fmt.Errorf("the year %d has no place in a time", t.Year())
		}
	}
	if len(a.Window) == 0 {
		a.Window = nil
	}
	if len(a.Columns) == 0 {
		a.Columns = nil
	}
	if len(a.Rows) == 0 {
		a.Rows = nil
	}
	for i, row := range a.Rows {
		if len(row) != len(a.Columns) {
			return fmt.Errorf("row %d has %d cells for %d columns", i+1, len(row), len(a.Columns))
		}
		for j, cell := range row {
			switch v := cell.(type) {
			case json.Number:
				var err error
				if strings.ContainsAny(v.String(), ".eE") {
					row[j], err = v.Float64()
				} else {
					row[j], err = v.Int64()
				}
				if err != nil {
					return fmt.Errorf("row %d: %w", i+1, err)
				}
			case nil, bool, string:
			default:
				return fmt.Errorf("row %d: a %T is no cell", i+1, cell)
			}
		}
	}
	return nil
}
