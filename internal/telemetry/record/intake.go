package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/members"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Bounds of what workers may send at once.
const (
	LongestRow = 64 << 10
	MostTold   = 1 << 20         // bytes of one body
	ahead      = 5 * time.Minute // by which a clock may be wrong
)

// Take reads rows that a worker reports by itself: one JSON object a line, with
// the member "table" and columns of that table. It returns how many became rows;
// the error names the first line that did not, and why, and nothing after it is
// taken. A row without a time gets the present one.
func (r *Recorder) Take(body io.Reader) (rows int, err error) {
	lines := bufio.NewScanner(io.LimitReader(body, MostTold+1))
	lines.Buffer(make([]byte, 0, 4<<10), LongestRow)
	tables := map[string]schema.Table{}
	for _, t := range schema.Tables() {
		tables[t.Name] = t
	}
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := r.take(line, tables, time.Now()); err != nil {
			return rows, fmt.Errorf("line %d: %w", number, err)
		}
		rows++
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return rows, fmt.Errorf("line %d is longer than %d bytes", number+1, LongestRow)
	} else if err != nil {
		return rows, fmt.Errorf("read rows: %w", err)
	}
	return rows, nil
}

func (r *Recorder) take(line []byte, tables map[string]schema.Table, now time.Time) error {
	var name string
	err := members.Each(line, func(member, value []byte) bool {
		if string(member) == "table" {
			name = string(members.AppendText(nil, value))
		}
		return true
	})
	if err != nil {
		return err
	}
	t, ok := tables[name]
	if !ok {
		return fmt.Errorf("there is no table %q\nhint: requests, dependencies, traces, exceptions, performanceCounters, customMetrics, customEvents or FunctionAppLogs", name)
	}
	at := ticks(now)
	seen := map[string]bool{}
	var wrong error
	_ = members.Each(line, func(member, raw []byte) bool {
		column := string(member)
		if column == "table" {
			return true
		}
		c, ok := t.Column(column)
		switch {
		case !ok:
			wrong = fmt.Errorf("%s has no column %q", t.Name, column)
		case seen[column]:
			wrong = fmt.Errorf("%s is given twice", column)
		case column == t.Time:
			moment, ok := value.ParseDatetime(string(members.AppendText(nil, raw)))
			if !ok {
				wrong = fmt.Errorf("%s is %.40s, which is no time like 2026-04-05T01:30:00Z", column, raw)
			}
			at = moment
		default:
			wrong = fits(c, raw)
		}
		seen[column] = true
		return wrong == nil
	})
	if wrong != nil {
		return wrong
	}
	if at > ticks(now.Add(ahead)) {
		return fmt.Errorf("%s is in the future", t.Time)
	}
	r.write.Lock()
	defer r.write.Unlock()
	w := &r.row
	w.begin(t.Time, at)
	// In the order of the table, in which readers expect them.
	for _, c := range t.Columns {
		if c.Name == t.Time {
			continue
		}
		given := false
		_ = members.Each(line, func(member, raw []byte) bool {
			if string(member) == c.Name && members.Kind(raw) != 'n' {
				given = true
				r.given(c, raw)
			}
			return !given
		})
		if given {
			continue
		}
		switch c.Name {
		case "itemCount":
			w.long("itemCount", 1)
		case "cloud_RoleName", "AppName":
			w.text(c.Name, r.cfg.Role)
		case "cloud_RoleInstance", "RoleInstance":
			w.text(c.Name, r.instance(r.names.only()))
		}
	}
	r.put(t.Name, at)
	return nil
}

// given writes a column as it was told, its texts without secrets.
func (r *Recorder) given(c schema.Column, raw []byte) {
	if c.Type == schema.String {
		r.row.secretive(c.Name, members.AppendText(nil, raw))
		return
	}
	if clean := redact(raw); isJSON(clean) {
		r.row.raw(c.Name, clean)
	} else { // a number was blanked
		r.row.text(c.Name, string(clean))
	}
}

func isJSON(raw []byte) bool {
	member := append(append([]byte(`{"":`), raw...), '}')
	return members.Each(member, func(_, _ []byte) bool { return true }) == nil
}

// fits says whether a raw value may stand in a column.
func fits(c schema.Column, raw []byte) error {
	kind := members.Kind(raw)
	ok := kind == 'n'
	switch c.Type {
	case schema.String:
		ok = ok || kind == '"' || kind == '0' || kind == 't' || kind == 'f'
	case schema.Int, schema.Long:
		bits := 64
		if c.Type == schema.Int {
			bits = 32
		}
		_, err := strconv.ParseInt(string(raw), 10, bits)
		ok = ok || err == nil
	case schema.Real:
		_, err := strconv.ParseFloat(string(raw), 64)
		ok = ok || kind == '0' && err == nil
	case schema.Bool:
		ok = ok || kind == 't' || kind == 'f'
	case schema.Dynamic:
		ok = true
	}
	if !ok {
		return fmt.Errorf("%s is %.40s, which is no %s", c.Name, raw, c.Type)
	}
	return nil
}
