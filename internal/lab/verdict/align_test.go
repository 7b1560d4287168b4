package verdict_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// during is 1 between two moments, and else 0.
func during(name string, from, to float64) verdict.Series {
	return sampled(name, 0, 1000, func(at float64) float64 {
		if at >= from && at < to {
			return 1
		}
		return 0
	})
}

func events(name string, at ...float64) verdict.Series {
	s := verdict.Series{Name: name, At: at}
	for range at {
		s.Value = append(s.Value, 1)
	}
	return s
}

func TestSignalsAlignOrOtherCausesAreNamed(t *testing.T) {
	signal := func(name string) verdict.Signal {
		return verdict.Signal{Name: name, Series: name, Is: verdict.Above, Threshold: 0.5}
	}
	held := signal("failures")
	held.Hold = 20
	c := verdict.Criterion{
		Place: verdict.Place{Window: "incident"}, Measure: verdict.Aligned, Tolerance: 15,
		Signals: []verdict.Signal{signal("memory"), held, signal("exit")}, Others: []verdict.Signal{signal("dependency"), signal("deploy")},
	}
	quiet := during("dependency", 0, 0)
	for _, row := range []struct {
		why      string
		series   []verdict.Series
		decision verdict.Decision
		says     string
		causes   []string
	}{
		{"all begin together", []verdict.Series{during("memory", 500, 700), during("failures", 505, 690), events("exit", 510), quiet}, verdict.Holds, "within 10 s", nil},
		{"a blip before is no failure", []verdict.Series{during("memory", 500, 700), sampled("failures", 0, 1000, func(at float64) float64 {
			if at == 450 || at >= 505 && at < 690 {
				return 1
			}
			return 0
		}), events("exit", 510), quiet}, verdict.Holds, "within 10 s", nil},
		{"failures come much later", []verdict.Series{during("memory", 500, 700), during("failures", 600, 690), events("exit", 510), quiet}, verdict.Fails, "100 s apart", nil},
		{"failures go with the dependency", []verdict.Series{during("memory", 500, 700), during("failures", 600, 690), events("exit", 602), during("dependency", 598, 690)}, verdict.Fails, "what began with the effects: dependency", []string{"dependency"}},
		{"memory never was critical", []verdict.Series{during("memory", 0, 0), during("failures", 600, 690), events("exit", 602), during("dependency", 598, 690)}, verdict.Fails, "memory never was", []string{"dependency"}},
		{"memory was, in another phase", []verdict.Series{during("memory", 100, 200), during("failures", 600, 690), events("exit", 602), quiet}, verdict.Fails, "memory was at 100 s, outside the window", nil},
		{"memory was, since before the window", []verdict.Series{during("memory", 100, 700), during("failures", 600, 690), events("exit", 602), quiet}, verdict.Unclear, "was so before", nil},
		{"the dependency failed first", []verdict.Series{during("memory", 500, 700), during("failures", 505, 690), events("exit", 510), during("dependency", 495, 700)}, verdict.Unclear, "no earlier than dependency", []string{"dependency"}},
		{"a dependency that fails as a consequence", []verdict.Series{during("memory", 500, 700), during("failures", 505, 690), events("exit", 510), during("dependency", 512, 700)}, verdict.Holds, "within 10 s", nil},
		{"together they last too shortly", []verdict.Series{during("memory", 500, 502), during("failures", 490, 700), events("exit", 501), quiet}, verdict.Holds, "within 11 s", nil},
		{"one ends as the other begins", []verdict.Series{during("memory", 500, 502), during("failures", 512, 700), events("exit", 501), quiet}, verdict.Fails, "all together for", nil},
		{"no telemetry of failures", []verdict.Series{during("memory", 500, 502), events("exit", 501), quiet}, verdict.Unclear, `no series "failures"`, nil},
	} {
		run := oneRun(1, "a", row.series...)
		run.Windows = []verdict.Window{{Name: "incident", From: 400, To: 1000}, {Name: "load", From: 0, To: 400}}
		proof := only(c)
		proof.Disproof[0].Series = "memory"
		got := judge(t, proof, run)
		if r := got.Proof[0]; r.Decision != row.decision || !strings.Contains(r.Why, row.says) || cmp.Diff(row.causes, got.Causes) != "" {
			t.Errorf("%s: %s, %q, causes %v, want %s, %q, %v", row.why, r.Decision, r.Why, got.Causes, row.decision, row.says, row.causes)
		}
	}
}

func TestAWindowTooShortForItsToleranceAlignsByChance(t *testing.T) {
	c := verdict.Criterion{
		Place: verdict.Place{Window: "load"}, Measure: verdict.Aligned, Tolerance: 15,
		Signals: []verdict.Signal{{Name: "a", Series: "a", Is: verdict.Above, Threshold: 0.5}, {Name: "b", Series: "b", Is: verdict.Above, Threshold: 0.5}},
	}
	run := oneRun(1, "v", during("a", 50, 90), during("b", 55, 90))
	run.Windows[0].To = 100
	proof := only(c)
	proof.Disproof[0].Series = "a"
	if got := judge(t, proof, run).Proof[0]; got.Decision != verdict.Unclear || !near(got.P, 0.3, 1e-9) {
		t.Errorf("30 s around an onset in 100 s: %s with p %s (%s), want unclear with 0.3", got.Decision, got.P, got.Why)
	}
}
