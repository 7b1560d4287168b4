package funcapp

import "github.com/stanch-dev/stanch/internal/work/schedule"

func (b *bound) timer() {
	b.RunOnStartup = b.o.flag("runOnStartup", false)
	text, at, found := b.o.resolved("schedule")
	if _, there := b.o.get("schedule"); !there {
		b.o.mistake(at, `a timer without a "schedule"`, `"schedule": "0 */5 * * * *" for every five minutes`)
	}
	if found {
		var err error
		if b.Schedule, err = schedule.Parse(text.value); err != nil {
			b.o.fault("schedule", text, err)
		}
		for _, trap := range schedule.Traps(text.value) {
			b.o.trap("schedule", text, trap.Column, trap.Problem, trap.Hint)
		}
	}
	// More often than once a minute nobody remembers ticks.
	b.UseMonitor = b.o.flag("useMonitor", true) && b.Schedule.Persistent()
}
