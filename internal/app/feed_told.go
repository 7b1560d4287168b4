package app

import (
	"cmp"
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// reachTime is how long a store may take to answer at the start before people are
// told that it does not.
const reachTime = 10 * time.Second

// sources are the functions, each with what starts it.
func sources(functions []funcapp.Function, prefix string) string {
	var all []string
	for _, fn := range functions {
		from, t := "", fn.Trigger
		switch {
		case t.Type == funcapp.QueueTrigger && t.Queue != nil:
			from = "queue " + t.Queue.String()
		case t.Type == funcapp.BlobTrigger && t.Pattern != nil:
			from = "blobs " + t.Pattern.String()
		case t.Type == funcapp.TimerTrigger:
			from = "timer " + t.Schedule.String()
		case t.Type == funcapp.HTTPTrigger:
			from = strings.TrimSpace(strings.Join(t.Methods, ",") + " " + path.Join("/", prefix, t.Route))
		default:
			from = string(t.Type)
		}
		all = append(all, fn.Name+" ("+from+")")
	}
	return strings.Join(all, ", ")
}

// reach tells once of each store that does not answer when functions start, and what
// to do; the parts that wait for it then try by themselves.
func (f *feed) reach(ctx context.Context, functions []funcapp.Function) {
	asked := map[string]bool{}
	for _, fn := range functions {
		for _, b := range append(append([]funcapp.Binding{fn.Trigger}, fn.Inputs...), fn.Outputs...) {
			name := cmp.Or(b.Connection, funcapp.DefaultConnection)
			if b.Type == funcapp.HTTPTrigger || b.Type == funcapp.HTTP || asked[name] {
				continue
			}
			asked[name] = true
			f.reachOne(ctx, name)
		}
	}
}

func (f *feed) reachOne(ctx context.Context, connection string) {
	s, err := f.stores.Open(connection)
	if err != nil {
		return // the functions are told
	}
	asking, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	_, err = s.Queues.Depth(asking, "stanch-is-there")
	away := (*work.Unavailable)(nil)
	if errors.As(err, &away) {
		err = away.Err
	} else if !errors.Is(err, context.DeadlineExceeded) {
		return
	}
	if ctx.Err() != nil {
		return
	}
	hint := "work is taken as soon as it answers"
	if value, _ := f.app.Settings.Connection(connection); strings.HasPrefix(strings.TrimSpace(value), "UseDevelopmentStorage=true") {
		hint = "start Azurite (npx azurite), or set " + connection + " to an account of Azure Storage or to file:DIR; " + hint
	}
	f.j.say("The store of %s, %s %s, does not answer: %v\nhint: %s", connection, s.Kind, s.Target, err, hint)
}
