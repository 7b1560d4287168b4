package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// line takes in a line that a function has logged.
func (f *feed) line(l contract.Line) {
	var of host.Of
	if h := f.host.Load(); h != nil {
		of = h.Line(l)
	}
	f.rows.functionLine(of, l)
	f.print([]byte(l.Text))
}

// say tells people something, once there is somebody to tell it to.
func (f *feed) say(format string, args ...any) { f.j.say(format, args...) }

// system takes in a line of a language worker about itself.
func (f *feed) system(l contract.Line) {
	if l.Level >= contract.Warning {
		f.j.say("%s", functionrpc.Brief(l.Text))
	}
}

// console is a line that a worker has printed, as people get to see it. A language
// worker that reports an error there adds all that Python knows of itself.
func (f *feed) console(line []byte) []byte {
	if f == nil || f.language == nil || !bytes.HasPrefix(line, []byte("LanguageWorkerConsoleLog")) {
		return line
	}
	return []byte(functionrpc.Brief(string(line)))
}

// view is how the functions are.
func (f *feed) view() func() view.View {
	if f == nil {
		return nil
	}
	return f.look
}

func (f *feed) look() view.View {
	if f == nil || f.host.Load() == nil {
		return view.View{Functions: []view.Function{}, Queues: []view.Queue{}}
	}
	return f.host.Load().View()
}

// flying are the calls that a worker has.
func (f *feed) flying(worker string) (all []flight.Request) {
	if f == nil || f.host.Load() == nil {
		return nil
	}
	for _, c := range f.host.Load().Flying(worker) {
		all = append(all, flight.Request{Method: c.Trigger, Path: c.Function + ": " + c.Source, Size: c.Size, Age: c.Age})
	}
	return all
}

// invoke calls a function by hand.
func (f *feed) invoke() admin.Invoke {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, name string, payload io.Reader, contentType string) (view.Answer, error) {
		h := f.host.Load()
		if h == nil {
			return view.Answer{}, &work.Unavailable{After: time.Second, Err: errors.New("the functions are not known yet")}
		}
		body, err := io.ReadAll(payload)
		if err != nil {
			return view.Answer{}, err
		}
		return h.ByHand(ctx, name, body, contentType)
	}
}
