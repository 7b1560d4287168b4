package gauge

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// adopt finds the workers' orphans. A process whose parent dies is handed to
// the nearest subreaper or to pid 1, both of which are ancestors of this process
// or this process itself, so that only their children need to be looked at.
func (g *Gauge) adopt(surveys []*survey, k *kin) {
	if len(surveys) == 0 {
		g.others = nil
		return
	}
	self, err := g.stat(os.Getpid())
	if err != nil {
		return
	}
	byGroup, bySession := relations(surveys, self)
	taken := func(pid int) bool {
		return slices.ContainsFunc(surveys, func(s *survey) bool {
			_, found := s.found[pid]
			return found || s.root == pid
		})
	}
	others := map[int]bool{}
	lineage := g.ancestors(self)
	for _, parent := range lineage {
		for _, pid := range k.children(parent, new(error)) {
			switch {
			case taken(pid), slices.ContainsFunc(lineage, func(p stat) bool { return p.pid == pid }):
				continue
			case g.others[pid]:
				others[pid] = true
				continue
			}
			p, err := g.stat(pid)
			if err != nil || p.zombie {
				continue
			}
			s := byGroup[p.group]
			if s == nil {
				s = bySession[p.session]
			}
			if s == nil && len(surveys) == 1 && p.parent == self.pid && p.group != p.pid && p.group != self.group {
				// It was handed to this process, which starts every child of its
				// own as the head of a group or in its own group.
				s = surveys[0]
			}
			if s == nil || s.exact {
				others[pid] = true
				continue
			}
			s.add(p, k)
		}
	}
	g.others = others
}

// relations says whose process groups and sessions are whose: those of the
// processes that a worker has, or had at the last walk. Those that two workers
// share, or that this process is in, tell nothing.
func relations(surveys []*survey, self stat) (byGroup, bySession map[int]*survey) {
	byGroup, bySession = map[int]*survey{}, map[int]*survey{}
	note := func(m map[int]*survey, id int, s *survey) {
		if other, have := m[id]; have && other != s {
			s = nil
		}
		m[id] = s
	}
	for _, s := range surveys {
		for _, p := range s.known {
			note(byGroup, p.group, s)
			note(bySession, p.session, s)
		}
		for _, p := range s.found {
			note(byGroup, p.group, s)
			note(bySession, p.session, s)
		}
	}
	byGroup[self.group], bySession[self.session] = nil, nil
	byGroup[0], bySession[0] = nil, nil
	return byGroup, bySession
}

// ancestors are this process and those above it, as far as they can be seen.
func (g *Gauge) ancestors(self stat) []stat {
	all := []stat{self}
	for p := self; p.parent > 0 && len(all) < 64; {
		up, err := g.stat(p.parent)
		if err != nil {
			break
		}
		all, p = append(all, up), up
	}
	return all
}

// appendPids reads pids that are separated by spaces.
func appendPids(pids []int, text string) []int {
	for word := range strings.FieldsSeq(text) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}
