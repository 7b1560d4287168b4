package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
)

// life is what signals act upon.
type life struct {
	cfg     *config.Run
	opt     Options
	j       *journal
	front   *admin.Admin
	server  *proxy.Server
	desk    *dispatch.Dispatch
	keeper  *guard.Guard
	nursery *worker.Nursery
	gauge   *gauge.Gauge
	work    *feed

	clients     net.Listener
	stopWorking context.CancelFunc
	hurry       context.CancelFunc
}

// wait serves until something ends it, and then drains. The order is what
// loses no request: readiness goes first, and while the orchestrator takes
// note, everything is served as before; then the door is closed and those
// inside are waited for; only then are workers told to stop.
func (l *life) wait(ctx context.Context, signals <-chan os.Signal, failed <-chan error) error {
	for {
		select {
		case err := <-failed:
			l.j.say("%v", err)
			l.drain(signals)
			return err
		case <-ctx.Done():
			l.drain(signals)
			return nil
		case s := <-signals:
			switch s {
			case syscall.SIGTERM, syscall.SIGINT:
				l.j.say("Host is shutting down: %v received, readiness is off, draining begins in %v", s, l.cfg.Shutdown)
				l.front.SetDraining()
				l.pause(l.cfg.Shutdown, signals)
				l.drain(signals)
				return nil
			case syscall.SIGHUP:
				l.reload()
			default:
				// As an entrypoint stanch stands where the worker stood:
				// what it does not use itself goes on to the workers.
				if sig, ok := s.(syscall.Signal); ok {
					l.keeper.Signal(sig)
				}
			}
		}
	}
}

// pause lets the orchestrator take note; a second signal ends it.
func (l *life) pause(d time.Duration, signals <-chan os.Signal) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGINT {
				return
			}
		}
	}
}

// drain closes the door and waits for those inside; one more signal, or the
// drain time, ends the wait.
func (l *life) drain(signals <-chan os.Signal) {
	l.front.SetDraining()
	l.server.Drain()
	_ = l.clients.Close()
	ctx, cancel := context.WithTimeout(context.Background(), l.cfg.Drain)
	defer cancel()
	drained := make(chan error, 1)
	go func() {
		// Side by side: no work is begun while long requests are waited for.
		fed := make(chan error, 1)
		go func() { fed <- l.work.drain(ctx) }()
		drained <- errors.Join(l.server.Shutdown(ctx), <-fed)
	}()
	for {
		select {
		case err := <-drained:
			if err != nil {
				l.j.say("Requests were still in flight after the drain time of %v, and are ended", l.cfg.Drain)
			}
			time.AfterFunc(l.cfg.StopGrace+time.Second, l.hurry)
			return
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGINT {
				l.j.say("%v received again: stopping at once", s)
				cancel()
				l.hurry()
			}
		}
	}
}

// reload reads the configuration again and takes over what may change live.
func (l *life) reload() {
	if l.opt.Reload == nil {
		return
	}
	next, err := l.opt.Reload()
	if err != nil {
		l.j.say("The configuration was not reloaded, all stays as it was: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	var live, later []string
	old := *l.cfg
	for _, s := range config.Settings() {
		before, after := s.Value(&old), s.Value(&next)
		if before.String() == after.String() || s.Name == "preset" {
			continue
		}
		change := fmt.Sprintf("%s %s -> %s", s.Name, before, after)
		if !s.Live {
			later = append(later, change)
			_ = after.Set(before.String())
			continue
		}
		live = append(live, change)
	}
	if !old.Functions.Same(next.Functions) {
		later = append(later, "functions")
		next.Functions = old.Functions
	}
	*l.cfg = next
	l.gauge.SetLimit(int64(next.MemoryLimit))
	l.desk.Configure(dispatchConfig(next))
	was := l.nursery.Plan()
	now := plan(next, l.opt.Environ, was.Sockets, was.Outward)
	if l.work != nil {
		if l.work.routed() {
			now.Command, now.Port, now.StartTime = was.Command, was.Port, was.StartTime
		}
		now.Env, now.Dir, now.Hire, now.Ready = was.Env, was.Dir, was.Hire, was.Ready
		l.work.admission.Configure(roomConfig(&next))
	}
	l.nursery.Configure(now)
	l.keeper.Configure(guardConfig(next))
	l.front.SetSignal(next.OnUnhealthy == band.Signal)
	switch {
	case len(live) > 0:
		l.j.say("Configuration reloaded: %s", strings.Join(live, ", "))
	case len(later) == 0:
		l.j.say("Configuration reloaded: nothing has changed")
	}
	if len(later) > 0 {
		l.j.say("These changes need a restart: %s", strings.Join(later, ", "))
	}
}
