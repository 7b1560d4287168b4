package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Shape is how a driver's requests are spread over time.
type Shape string

// The shapes.
const (
	Flat   Shape = ""       // as chance has it, at one rate
	Wave   Shape = "wave"   // three quarters more and less, over 40 minutes
	Bursts Shape = "bursts" // five times as many for a minute in ten
	Idle   Shape = "idle"   // none for three minutes in eight
)

// factor is what the rate is multiplied by at an age.
func (s Shape) factor(age time.Duration) float64 {
	minutes := age.Minutes()
	switch s {
	case Wave:
		return 1 + 0.75*math.Sin(2*math.Pi*minutes/40)
	case Bursts:
		if math.Mod(minutes, 10) >= 9 {
			return 5
		}
	case Idle:
		if math.Mod(minutes, 8) >= 5 {
			return 0
		}
	}
	return 1
}

// driver sends requests to one worker after the other of a subject, and notes
// what they answer. One goroutine runs it; the counts may be read from any.
type driver struct {
	subject Subject
	random  *rand.Rand
	begins  time.Time
	client  http.Client

	port                         atomic.Int64
	requests, leaked, goroutines atomic.Int64 // of the present worker
	inFlight                     atomic.Int64
}

// run asks until ctx ends. A worker that does not answer is asked again: it is
// being replaced, or it is dead, which its owner sees.
func (d *driver) run(ctx context.Context) {
	defer d.client.CloseIdleConnections()
	for {
		factor := d.subject.Shape.factor(time.Since(d.begins))
		wait := time.Second
		if factor > 0 {
			wait = time.Duration(d.random.ExpFloat64() / d.subject.Rate / factor * float64(time.Second))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if factor > 0 {
			d.inFlight.Add(1)
			_ = d.ask(ctx) // the counts stay what they were
			d.inFlight.Add(-1)
		}
	}
}

// aim turns to a new worker.
func (d *driver) aim(port int64) {
	d.requests.Store(0)
	d.leaked.Store(0)
	d.goroutines.Store(0)
	d.port.Store(port)
}

func (d *driver) ask(ctx context.Context) error {
	port := d.port.Load()
	if port == 0 {
		return errors.New("no worker listens")
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port), nil)
	if err != nil {
		return err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil {
		return err
	}
	said, err := parse(string(text))
	if err != nil {
		return err
	}
	if d.port.Load() == port {
		d.requests.Store(said[0])
		d.leaked.Store(said[1])
		d.goroutines.Store(said[2])
	}
	return nil
}

// parse reads what a worker answers: requests served, bytes leaked, goroutines.
func parse(text string) (said [3]int64, err error) {
	fields := strings.Fields(text)
	if len(fields) != len(said) {
		return said, fmt.Errorf("%.60q is not three numbers", text)
	}
	for i, field := range fields {
		if said[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return said, fmt.Errorf("read the answer of a worker: %w", err)
		}
	}
	return said, nil
}
