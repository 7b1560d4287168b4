package subject

import (
	"context"
	"slices"
)

// Where workers tell their heap, and where Go's own profiles collect garbage, if
// nobody says anything else.
const (
	usualMetrics = "/metrics"
	goCollect    = "/debug/pprof/heap?gc=1"
)

// ask looks for the first time, and finds out what nobody said: whether the
// worker tells a heap at the usual place, and, where it is Go's, whether its
// profiles are there to collect garbage with.
func (s *Subject) ask(ctx context.Context) error {
	first, err := s.meter.look(ctx)
	if err != nil {
		return s.gone(err)
	}
	switch m, ok := s.meter.(*gauged); {
	case first.heap == 0 && s.cfg.Heap != "":
		s.note("the worker tells no heap that stanch knows at the place named, so that managed and native can't be told apart")
	case first.heap == 0 && ok:
		m.tellsNoHeap()
	}
	s.garbage = len(s.cfg.Collect) == 0 && slices.Contains([]string{"go", "dotnet", "jvm", "node"}, first.runtime)
	if len(s.cfg.Collect) > 0 || first.runtime != "go" || s.base == "" {
		return nil
	}
	if _, err := fetch(ctx, "GET", s.base, goCollect); err != nil {
		s.note("the worker is Go's and can't be asked to collect garbage, so that the hunt takes longer, and blames only who leaves most: import net/http/pprof, or name a way with --collect")
		return nil
	}
	collect, err := parseCollect(goCollect)
	s.collect, s.garbage = []collector{collect}, false
	return err
}

// Garbage says whether the worker collects garbage when it likes, and can't be asked
// to.
func (s *Subject) Garbage() bool { return s.garbage }
