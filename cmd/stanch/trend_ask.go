package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
)

// mostTold bounds the answer: a course is a few hundred points.
const mostTold = 16 << 20

// askTime bounds the wait for a stanch of this machine.
const askTime = 10 * time.Second

// askTrends asks a running stanch, at an address as adminAddress has it.
func askTrends(ctx context.Context, address string) ([]guard.Trend, error) {
	// No proxy: stanch is on this machine.
	transport, host := &http.Transport{}, address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		host = "localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	client := &http.Client{Transport: transport, Timeout: askTime}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/trend", nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		var refused *net.OpError
		if errors.As(err, &refused) && refused.Op == "dial" {
			return nil, fmt.Errorf("%w\nhint: is stanch run at work on this machine? --admin HOST:PORT says where it listens", refused)
		}
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostTold))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	var told struct{ Workers *[]toldTrend }
	if answer.StatusCode != http.StatusOK || json.Unmarshal(body, &told) != nil || told.Workers == nil {
		return nil, fmt.Errorf("%s does not answer as stanch does\nhint: --admin HOST:PORT says where stanch listens", host)
	}
	all := make([]guard.Trend, 0, len(*told.Workers))
	for i := range *told.Workers {
		all = append(all, (*told.Workers)[i].trend())
	}
	return all, nil
}

// toldTrend is a trend in the words of GET /trend: times in seconds, and null for
// never.
type toldTrend struct {
	Worker      string       `json:"worker"`
	At          time.Time    `json:"at"`
	Clock       time.Time    `json:"clock_began"`
	Used        int64        `json:"used"`
	Limit       int64        `json:"limit"`
	Age         float64      `json:"seconds_served"`
	Grown       int64        `json:"leaked"`
	State       trend.State  `json:"state"`
	Class       trend.Class  `json:"class"`
	Cause       string       `json:"cause"`
	Since       float64      `json:"since"`
	PerSecond   *toldRange   `json:"per_second"`
	PerRequest  *toldRange   `json:"per_request"`
	TimeToLimit *toldRange   `json:"time_to_limit"`
	Driver      trend.Driver `json:"driver"`
	Segments    []struct {
		From       float64 `json:"from"`
		To         float64 `json:"to"`
		Generation uint64  `json:"generation"`
		Image      string  `json:"image"`
		Ended      string  `json:"ended"`
	} `json:"segments"`
	Why    string `json:"why"`
	Course []struct {
		Seconds float64 `json:"seconds"`
		Least   int64   `json:"least"`
		Most    int64   `json:"most"`
	} `json:"course"`
}

type toldRange struct {
	Lo  *float64 `json:"lo"`
	Mid *float64 `json:"mid"`
	Hi  *float64 `json:"hi"`
}

func (r *toldRange) interval() *trend.Interval {
	if r == nil {
		return nil
	}
	number := func(v *float64) float64 {
		if v == nil {
			return math.Inf(1)
		}
		return *v
	}
	return &trend.Interval{Lo: number(r.Lo), Mid: number(r.Mid), Hi: number(r.Hi)}
}

func (t *toldTrend) trend() guard.Trend {
	moment := func(seconds float64) trend.Moment { return trend.Moment(seconds * float64(time.Second)) }
	of := guard.Trend{
		Worker: t.Worker, At: t.At, Clock: t.Clock, Used: t.Used, Limit: t.Limit, Age: t.Age, Grown: t.Grown,
		Report: trend.Report{
			State: t.State, Class: t.Class, Cause: t.Cause, Since: moment(t.Since), Driver: t.Driver, Why: t.Why,
			PerSecond: t.PerSecond.interval(), PerRequest: t.PerRequest.interval(), TimeToLimit: t.TimeToLimit.interval(),
		},
	}
	for _, s := range t.Segments {
		of.Segments = append(of.Segments, trend.Segment{From: moment(s.From), To: moment(s.To), Generation: s.Generation, Image: s.Image, Ended: s.Ended})
	}
	for _, p := range t.Course {
		of.Course = append(of.Course, guard.Point{At: moment(p.Seconds), Least: p.Least, Most: p.Most})
	}
	return of
}
