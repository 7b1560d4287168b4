package host

import (
	"context"
	"errors"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/tick"
)

// onTimer has a function called when it is due.
func (h *Host) onTimer(f *function) error {
	b := f.def.Trigger
	timer, err := tick.New(tick.Config{
		Key: "timers/" + h.cfg.App + "/" + f.def.Name, Schedule: b.Schedule, Location: h.cfg.Location,
		RunOnStartup: b.RunOnStartup, UseMonitor: b.UseMonitor, Holder: h.cfg.Holder, Lease: h.cfg.Hold,
	}, f.stores.Ledger, func(ctx context.Context, t tick.Tick) error {
		return h.ring(ctx, f, t)
	}, func(n tick.News) { h.cfg.Say("Timer of function %s: %v", f.def.Name, n) })
	f.start = timer.Run
	return err
}

// ring runs one tick. One that was not the function's fault is run again.
func (h *Host) ring(ctx context.Context, f *function, t tick.Tick) error {
	for tries := 0; ; tries++ {
		if err := h.cfg.Crew.AwaitOpen(ctx); err != nil {
			return err
		}
		o, release := h.do(ctx, h.timerCall(f, t))
		release()
		switch {
		case o.ending == settle.Succeeded:
			return nil
		case o.ending == settle.Interrupted && ctx.Err() == nil && sleep(ctx, backoff(tries)):
			continue
		}
		return errors.New(o.reason)
	}
}

// timerData is what a timer trigger gives, as Azure's host has it.
type timerData struct {
	Schedule       timerSchedule
	ScheduleStatus *timerStatus
	IsPastDue      bool
}

type timerSchedule struct{ AdjustForDST bool }

type timerStatus struct{ Last, LastUpdated, Next time.Time }

func (h *Host) timerCall(f *function, t tick.Tick) *call {
	c := h.newCall(f, "timer "+f.def.Name)
	data := timerData{Schedule: timerSchedule{AdjustForDST: true}, IsPastDue: t.PastDue}
	if f.def.Trigger.UseMonitor {
		data.ScheduleStatus = &timerStatus{t.Last, t.LastUpdated, t.Next}
	}
	c.trigger = contract.Input{Name: f.def.Trigger.Name, Binding: string(f.def.Trigger.Type), Value: objectValue(data)}
	return c
}
