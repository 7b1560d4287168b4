package postmortem

import (
	"fmt"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Judge weighs the evidence.
//
//	stanch died too        kernel-oom at best likely, else stanch-died
//	stanch killed it       frozen-at-limit, never-ready or killed-by-stanch
//	the kernel counted     kernel-oom: certain by the worker's own counter
//	SIGKILL                foreign where the kernel's counter stood still far
//	                       from the limit, else unknown
//	another signal         crashed or foreign-signal
//	it exited              never-ready, exited-0 or exited
func Judge(e Evidence) Verdict {
	v := e.judge()
	v.Because = append(v.Because, e.facts()...)
	return v
}

func (e *Evidence) judge() Verdict {
	switch {
	case e.StanchDied:
		return e.nobodySaw()
	case e.OwnKill != "" && e.Signal == sigkill:
		return e.killedByUs()
	case e.counted() > 0:
		return e.killedByKernel()
	case e.Signal == sigkill:
		return e.killedBySomebody()
	case e.Signal != 0 && asksToEnd(e.Signal):
		return Verdict{
			Cause: ForeignSignal, Confidence: Certain,
			Text: fmt.Sprintf("the worker was ended by %s, which stanch had not sent", signalName(e.Signal)),
		}
	case e.Signal != 0:
		return e.crashed()
	}
	return e.exited()
}

// counted is how many kills the kernel has counted in the worker's time.
func (e *Evidence) counted() int64 {
	if !e.CountersKnown {
		return 0
	}
	return max(e.OOMAfter-e.OOMBefore, 0)
}

// near says whether memory was so full that the kernel may have had to kill:
// within 5 % of the limit, or to reach it within a second.
func (e *Evidence) near() bool {
	if !e.bounded() {
		return false
	}
	return float64(e.LastUsed)+max(e.Slope, 0) >= float64(e.Limit) || float64(e.LastUsed) >= 0.95*float64(e.Limit)
}

func (e *Evidence) nobodySaw() Verdict {
	if e.counted() > 0 || e.near() {
		return Verdict{
			Cause: KernelOOM, Confidence: Likely,
			Text:    "stanch and the worker were killed together, most likely by the kernel for the container's memory",
			Because: []string{"stanch left no word of its end, so it was killed with SIGKILL, or the machine stopped"},
		}
	}
	return Verdict{
		Cause: StanchDied, Confidence: Unknown,
		Text:    "stanch itself was killed, and the worker with it; nothing points to memory",
		Because: []string{"stanch left no word of its end, so it was killed with SIGKILL, or the machine stopped"},
	}
}

func (e *Evidence) killedByUs() Verdict {
	v := Verdict{Confidence: Certain, Because: []string{"stanch sent the SIGKILL: " + e.OwnKill}}
	switch {
	case e.Frozen:
		v.Cause, v.Text = FrozenAtLimit, "stanch stopped the worker before it could reach its memory limit, and ended it"
	case e.NeverReady != "":
		v.Cause, v.Text = NeverReady, "the worker never became ready, and stanch ended it: "+e.NeverReady
	default:
		v.Cause, v.Text = KilledByStanch, "stanch ended the worker: "+e.OwnKill
	}
	if e.counted() > 0 {
		v.Confidence = Likely // two killers, and one death
	}
	return v
}

func (e *Evidence) killedByKernel() Verdict {
	v := Verdict{Cause: KernelOOM, Confidence: Likely, Text: "the kernel killed the worker for its memory limit"}
	byKill := e.Signal == sigkill || e.Signal == 0 && e.Code == 128+sigkill
	switch {
	case !byKill:
		v.Text = "the kernel killed a process of the worker for the memory limit, and the worker ended after it"
	case e.OwnCgroup:
		v.Confidence = Certain
	default:
		v.Because = append(v.Because, "the counter is the container's: the kernel may have killed another of its processes")
	}
	if e.OwnKill != "" {
		v.Because = append(v.Because, "stanch was about to end it too: "+e.OwnKill)
	}
	if e.OOMGroup {
		v.Because = append(v.Because, "memory.oom.group is set, so that one kill takes the whole group")
	}
	return v
}

func (e *Evidence) killedBySomebody() Verdict {
	switch {
	case e.CountersKnown && (e.OwnCgroup || !e.near()):
		return Verdict{
			Cause: ForeignSigkill, Confidence: Likely,
			Text:    "the worker was killed with SIGKILL by somebody else: neither stanch nor the kernel's out-of-memory killer did it",
			Because: []string{"an operator, a script or the container runtime can send it; a process can send it to itself"},
		}
	case e.near():
		return Verdict{
			Cause: UnknownSigkill, Confidence: Unknown,
			Text: "the worker was killed with SIGKILL, not by stanch; memory was near its limit, but no counter says that it was the kernel",
		}
	}
	return Verdict{
		Cause: UnknownSigkill, Confidence: Unknown,
		Text: "the worker was killed with SIGKILL, not by stanch; there is no counter that could tell who did it",
	}
}

func (e *Evidence) crashed() Verdict {
	v := Verdict{Cause: Crashed, Confidence: Certain, Text: fmt.Sprintf("the worker crashed with %s (%s)", signalName(e.Signal), signalMeaning(e.Signal))}
	if e.near() {
		v.Because = append(v.Because, "memory was near its limit: an allocation that fails can end so")
	}
	return v
}

func (e *Evidence) exited() Verdict {
	explained := fmt.Sprintf("code %d", e.Code)
	if meaning := codeMeaning(e.Code); meaning != "" {
		explained += " (" + meaning + ")"
	}
	v := Verdict{Confidence: Certain}
	switch {
	case e.NeverReady != "":
		v.Cause, v.Text = NeverReady, "the worker exited with "+explained+" before it was ready"
		v.Because = append(v.Because, e.NeverReady)
	case e.Code == 0:
		v.Cause, v.Text = ExitedZero, "the worker exited with success, though nobody had asked it to"
	default:
		v.Cause, v.Text = Exited, "the worker exited with "+explained
	}
	if e.OwnKill != "" {
		v.Because = append(v.Because, "stanch was about to end it, and came too late: "+e.OwnKill)
	}
	return v
}

// bounded says whether there is a limit to compare with.
func (e *Evidence) bounded() bool { return e.Limit > 0 && e.Limit < unlimited }

// facts are the numbers, whatever they were taken for.
func (e *Evidence) facts() (facts []string) {
	switch {
	case e.StanchDied:
	case e.Signal != 0:
		facts = append(facts, fmt.Sprintf("it was ended by %s (signal %d)", signalName(e.Signal), e.Signal))
	default:
		facts = append(facts, fmt.Sprintf("it exited with code %d", e.Code))
	}
	whose := "the container's"
	if e.OwnCgroup {
		whose = "the worker's own"
	}
	switch {
	case !e.CountersKnown:
		facts = append(facts, "the kernel's count of out-of-memory kills could not be read")
	case e.OOMAfter < e.OOMBefore:
		facts = append(facts, fmt.Sprintf("%s count of the kernel's out-of-memory kills began anew: %d after %d", whose, e.OOMAfter, e.OOMBefore))
	case e.counted() == 0:
		facts = append(facts, fmt.Sprintf("%s count of the kernel's out-of-memory kills stayed at %d", whose, e.OOMAfter))
	default:
		facts = append(facts, fmt.Sprintf("%s count of the kernel's out-of-memory kills went from %d to %d", whose, e.OOMBefore, e.OOMAfter))
	}
	switch {
	case e.bounded():
		facts = append(facts, fmt.Sprintf("memory was last seen at %v of %v (%.0f %%)", bytesize.Size(e.LastUsed), bytesize.Size(e.Limit), 100*float64(e.LastUsed)/float64(e.Limit)))
	case e.LastUsed > 0:
		facts = append(facts, fmt.Sprintf("memory was last seen at %v, without a limit", bytesize.Size(e.LastUsed)))
	}
	if rate := bytesize.Size(e.Slope); rate >= bytesize.KiB || rate <= -bytesize.KiB {
		way := "growing"
		if rate < 0 {
			way, rate = "shrinking", -rate
		}
		facts = append(facts, fmt.Sprintf("it was %s by %v a second", way, rate))
	}
	if e.FullStall > 0 {
		facts = append(facts, fmt.Sprintf("everything had stood still for want of memory for %v of the last 10s", e.FullStall.Round(1e6)))
	}
	return facts
}
