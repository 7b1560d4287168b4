package foreign

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
)

// lossKey is one kind of loss in one part of a file.
type lossKey struct {
	file   *file
	part   part
	column string // of a value; empty for a whole row
}

// loss is how often something was left out, and where it was first.
type loss struct {
	count int64
	line  int
	why   string
}

// losses counts what one scan of a part leaves out. It belongs to one goroutine.
type losses map[string]loss

func (l losses) add(column string, line int, why func() string) {
	one, known := l[column]
	if !known {
		one = loss{line: line, why: why()}
	}
	one.count++
	l[column] = one
}

// note takes a scan's losses over. A part that is scanned again counts once.
func (s *Source) note(f *file, p part, l losses) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for column, one := range l {
		key := lossKey{f, p, column}
		if old := s.lost[key]; one.count >= old.count {
			s.lost[key] = one
		}
	}
}

// Warnings tell what was left out of the rows that were scanned so far, a warning
// for each file and column.
func (s *Source) Warnings() []table.Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	sums := map[lossKey]loss{}
	for key, one := range s.lost {
		key.part = part{}
		sum, known := sums[key]
		if !known || one.line < sum.line {
			sum.line, sum.why = one.line, one.why
		}
		sum.count += one.count
		sums[key] = sum
	}
	keys := make([]lossKey, 0, len(sums))
	for key := range sums {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b lossKey) int {
		return cmp.Or(cmp.Compare(a.file.path, b.file.path), cmp.Compare(sums[a].line, sums[b].line), cmp.Compare(a.column, b.column))
	})
	var warnings []table.Warning
	for _, key := range keys {
		one := sums[key]
		what := "rows left out"
		if one.count == 1 {
			what = "row left out"
		}
		if key.column != "" {
			what = "values of " + key.column + " left out"
			if one.count == 1 {
				what = "value of " + key.column + " left out"
			}
		}
		warnings = append(warnings, table.Warning{Message: fmt.Sprintf("%s:%d: %s; %d %s", filepath.Base(key.file.path), one.line, one.why, one.count, what)})
	}
	return warnings
}

// Forget starts the counting anew, as for the next question.
func (s *Source) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.lost)
}
