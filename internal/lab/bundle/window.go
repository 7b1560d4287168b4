package bundle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// window is the rows of a source that happened in a stretch of time, whatever a query
// asks for.
type window struct {
	table.Source
	from, before int64 // ticks
}

// during is the source's rows with from <= timestamp < to.
func during(s table.Source, from, to time.Time) table.Source {
	return window{s, ceiling(from), ceiling(to)}
}

// ceiling is the first tick that is not before a moment, so that a row is held to the
// moment itself and not to the tick that it lies in.
func ceiling(t time.Time) int64 {
	ticks := value.Ticks(t)
	if value.Time(ticks).Before(t) {
		ticks++
	}
	return ticks
}

func (w window) Scan(ctx context.Context, name string, want table.Request) ([]table.Split, error) {
	all := w.Tables()
	i := slices.IndexFunc(all, func(t schema.Table) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no table %s", name)
	}
	at := slices.IndexFunc(all[i].Columns, func(c schema.Column) bool { return c.Name == all[i].Time })
	if at < 0 {
		return nil, fmt.Errorf("the table %s has no time, so that none of its rows lies in a window", name)
	}
	want.From, want.To = max(want.From, w.from), min(want.To, w.before-1)
	if want.From > want.To {
		return nil, nil
	}
	if !slices.Contains(want.Columns, at) {
		want.Columns = slices.Sorted(slices.Values(append(slices.Clone(want.Columns), at)))
	}
	splits, err := w.Source.Scan(ctx, name, want)
	if err != nil {
		return nil, err
	}
	for i, s := range splits {
		splits[i] = part{s, w, at}
	}
	return splits, nil
}

// part is a split's rows that lie in the window.
type part struct {
	table.Split
	window window
	at     int // the time's column
}

func (p part) Rows(ctx context.Context, yield func(row []value.Value) error) error {
	return p.Split.Rows(ctx, func(row []value.Value) error {
		if at := row[p.at]; at.Kind() != value.KindDatetime || at.Long() < p.window.from || at.Long() >= p.window.before {
			return nil
		}
		return yield(row)
	})
}
