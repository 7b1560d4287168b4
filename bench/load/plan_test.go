package load_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
)

func TestAMixPrintsWhatItReads(t *testing.T) {
	for _, s := range []string{"get=1", "get=50,fresh=10,post=25,chunked=10,stream=5", "stream=10000"} {
		m, err := load.ParseMix(s)
		if err != nil || m.String() != s {
			t.Errorf("ParseMix(%q) = %q, %v; want it back", s, m, err)
		}
	}
}

func TestAMalformedMixIsToldWithItsKinds(t *testing.T) {
	for s, why := range map[string]string{
		"":             "nothing at all",
		"get":          "no weight",
		"get=x":        "no number",
		"get=-1":       "less than nothing",
		"put=1":        "no such kind",
		"websocket=1":  "held, not mixed",
		"get=1,,post=": "empty parts",
		"get=99999":    "a turn too long",
	} {
		if m, err := load.ParseMix(s); err == nil || !strings.Contains(err.Error(), "hint: the kinds are get") {
			t.Errorf("ParseMix(%q) = %v, %v; want an error with a hint (%s)", s, m, err, why)
		}
	}
}

func TestCheckTellsEverythingAtOnce(t *testing.T) {
	_, err := load.New(load.Plan{Rate: -1})
	for _, want := range []string{"no target", "mix is empty", "rate -1", "0 connections", "no end", "timeout", "path", "body", "stream", "beat"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(empty plan) = %v, want it to name %q", err, want)
		}
	}
	p := load.DefaultPlan("127.0.0.1:1")
	p.Duration = time.Second
	if err := p.Check(); err != nil {
		t.Errorf("Check of the default plan with an end: %v", err)
	}
}
