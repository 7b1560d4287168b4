package gauge

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/memory"
)

const mib = 1 << 20

func TestTheLimitWithTheLeastPartLeftDecides(t *testing.T) {
	charge := func(usage, reclaimable, limit int64) memory.Charge {
		if limit != memory.Unlimited {
			limit *= mib
		}
		return memory.Charge{Usage: usage * mib, Reclaimable: reclaimable * mib, Limit: limit, Known: true}
	}
	tree := func(anon, shared int64) memory.Worker {
		return memory.Worker{Tree: memory.Tree{Anon: anon * mib, Shared: shared * mib}}
	}
	none := memory.Charge{Limit: memory.Unlimited}
	for _, row := range []struct {
		reason    string
		container memory.Charge
		group     memory.Charge
		workers   []memory.Worker
		override  int64
		used      int64
		limit     int64
		from      memory.Source
	}{
		{
			"a plain machine, nothing bounds anything: the trees are shown",
			none, none,
			[]memory.Worker{tree(100, 0), tree(50, 20)},
			0,
			130, memory.Unlimited, memory.FromTree,
		},
		{
			"no worker yet",
			none, none, nil, 0,
			0, memory.Unlimited, memory.FromTree,
		},
		{
			"a plain machine with --memory-limit",
			none, none,
			[]memory.Worker{tree(100, 0)},
			256,
			100, 256, memory.FromTree,
		},
		{
			"a container: cache does not count",
			charge(200, 80, 256), none,
			[]memory.Worker{tree(90, 0)},
			0,
			120, 256, memory.FromContainer,
		},
		{
			"a container that is charged less than its processes hold: they count",
			charge(60, 20, 256), none,
			[]memory.Worker{tree(90, 10), tree(70, 0)},
			0,
			150, 256, memory.FromContainer,
		},
		{
			"an unlimited container bounds nothing",
			charge(200, 0, memory.Unlimited), none,
			[]memory.Worker{tree(90, 0)},
			0,
			90, memory.Unlimited, memory.FromTree,
		},
		{
			"a group within a container: 80 of 100 is closer than 150 of 256",
			charge(150, 0, 256), charge(90, 10, 100),
			[]memory.Worker{tree(70, 0)},
			0,
			80, 100, memory.FromGroup,
		},
		{
			"a container nearly full of others: 240 of 256 is closer than 50 of 100",
			charge(240, 0, 256), charge(50, 0, 100),
			[]memory.Worker{tree(50, 0)},
			0,
			240, 256, memory.FromContainer,
		},
		{
			"a tie goes to the workers' own group",
			charge(128, 0, 256), charge(64, 0, 128), nil, 0,
			64, 128, memory.FromGroup,
		},
		{
			"an unlimited group: its working set is still the best figure",
			none, charge(90, 10, memory.Unlimited),
			[]memory.Worker{tree(70, 0)},
			0,
			80, memory.Unlimited, memory.FromGroup,
		},
		{
			"--memory-limit is held against the group's working set",
			charge(100, 0, 1024), charge(90, 10, memory.Unlimited),
			[]memory.Worker{tree(70, 0)},
			160,
			80, 160, memory.FromGroup,
		},
		{
			"--memory-limit above the container's limit is cut to it, and decides nothing",
			charge(200, 0, 256), none,
			[]memory.Worker{tree(90, 0)},
			4096,
			200, 256, memory.FromContainer,
		},
		{
			"--memory-limit above the group's limit is cut to it",
			none, charge(90, 0, 100),
			[]memory.Worker{tree(90, 0)},
			4096,
			90, 100, memory.FromGroup,
		},
		{
			"--memory-limit below the container's limit, and closer",
			charge(200, 80, 256), none,
			[]memory.Worker{tree(90, 0)},
			100,
			90, 100, memory.FromTree,
		},
		{
			"workers with a cgroup each, and no group around them: the sum of theirs",
			none, none,
			[]memory.Worker{{Charge: charge(60, 10, 128), Tree: memory.Tree{Anon: 1}}},
			256,
			50, 256, memory.FromGroup,
		},
		{
			"a container at its limit with nothing of ours in it",
			charge(256, 0, 256), none, nil, 0,
			256, 256, memory.FromContainer,
		},
	} {
		r := &memory.Reading{Container: row.container, Group: row.group, Workers: row.workers}
		used, limit, from := decide(r, row.override*mib)
		want := row.limit
		if want != memory.Unlimited {
			want *= mib
		}
		if used != row.used*mib || limit != want || from != row.from {
			t.Errorf("%s: decide() = %d MiB of %d by %s, want %d MiB of %d by %s",
				row.reason, used/mib, limit, from, row.used, want, row.from)
		}
	}
}
