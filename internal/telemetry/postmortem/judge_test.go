package postmortem_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

const mib = 1 << 20

func TestACauseIsClaimedAsFarAsTheEvidenceCarriesIt(t *testing.T) {
	for _, test := range []struct {
		name       string
		reason     string
		evidence   postmortem.Evidence
		cause      string
		confidence postmortem.Confidence
		says       string // in the text or a reason
	}{
		{
			"the worker's own counter rose", "nobody else is in that cgroup",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OwnCgroup: true, OOMBefore: 2, OOMAfter: 3, LastUsed: 250 * mib, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Certain, "went from 2 to 3",
		},
		{
			"the container's counter rose", "the kernel may have killed a neighbour in the same second",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OOMAfter: 1, LastUsed: 250 * mib, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Likely, "another of its processes",
		},
		{
			"the own counter rose far from the last reading", "a spike between two looks does not undo what the kernel counted",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OwnCgroup: true, OOMAfter: 1, LastUsed: 20 * mib, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Certain, "20MiB of 256MiB (8 %)",
		},
		{
			"a shell reports that the kernel killed its child", "137 is 128+9, and the counter agrees",
			postmortem.Evidence{Code: 137, CountersKnown: true, OwnCgroup: true, OOMAfter: 1, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Certain, "code 137",
		},
		{
			"the kernel killed a child, the worker gave up", "that it ended because of it is a conclusion",
			postmortem.Evidence{Code: 1, CountersKnown: true, OwnCgroup: true, OOMAfter: 1, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Likely, "a process of the worker",
		},
		{
			"memory.oom.group is set", "one sentence explains why all of them died",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OwnCgroup: true, OOMAfter: 4, OOMGroup: true, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Certain, "memory.oom.group",
		},
		{
			"frozen at the brink", "stanch knows what it did",
			postmortem.Evidence{Signal: 9, OwnKill: "at 250MiB of 256MiB", Frozen: true, CountersKnown: true, OwnCgroup: true, LastUsed: 250 * mib, Limit: 256 * mib},
			postmortem.FrozenAtLimit, postmortem.Certain, "at 250MiB of 256MiB",
		},
		{
			"frozen, and the kernel counted a kill", "two killers and one death",
			postmortem.Evidence{Signal: 9, OwnKill: "at 255MiB of 256MiB", Frozen: true, CountersKnown: true, OwnCgroup: true, OOMAfter: 1, Limit: 256 * mib},
			postmortem.FrozenAtLimit, postmortem.Likely, "from 0 to 1",
		},
		{
			"ignored SIGTERM", "stanch knows what it did",
			postmortem.Evidence{Signal: 9, OwnKill: "it ignored SIGTERM for 10s", CountersKnown: true},
			postmortem.KilledByStanch, postmortem.Certain, "ignored SIGTERM",
		},
		{
			"crashed before stanch's kill came", "it was not stanch's SIGKILL that ended it",
			postmortem.Evidence{Signal: 11, OwnKill: "replaced", CountersKnown: true},
			postmortem.Crashed, postmortem.Certain, "SIGSEGV",
		},
		{
			"somebody else's SIGKILL", "the counter stood still, memory was far from the limit",
			postmortem.Evidence{Signal: 9, CountersKnown: true, LastUsed: 50 * mib, Limit: 256 * mib},
			postmortem.ForeignSigkill, postmortem.Likely, "stayed at 0",
		},
		{
			"somebody else's SIGKILL, near the limit of its own cgroup", "the kernel counts every kill in it, and counted none",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OwnCgroup: true, OOMBefore: 7, OOMAfter: 7, LastUsed: 255 * mib, Limit: 256 * mib},
			postmortem.ForeignSigkill, postmortem.Likely, "stayed at 7",
		},
		{
			"SIGKILL near the container's limit, no kill counted", "the counter is not the worker's own, so it does not clear the kernel",
			postmortem.Evidence{Signal: 9, CountersKnown: true, LastUsed: 255 * mib, Limit: 256 * mib},
			postmortem.UnknownSigkill, postmortem.Unknown, "near its limit",
		},
		{
			"SIGKILL near the limit, no counter", "the kernel is suspected and not accused",
			postmortem.Evidence{Signal: 9, LastUsed: 255 * mib, Limit: 256 * mib},
			postmortem.UnknownSigkill, postmortem.Unknown, "could not be read",
		},
		{
			"SIGKILL, no counter, no limit", "nothing tells",
			postmortem.Evidence{Signal: 9, LastUsed: 255 * mib, Limit: memory.Unlimited},
			postmortem.UnknownSigkill, postmortem.Unknown, "without a limit",
		},
		{
			"a counter that fell", "a new cgroup counts from zero: that is no kill",
			postmortem.Evidence{Signal: 9, CountersKnown: true, OOMBefore: 5, OOMAfter: 0, LastUsed: 1, Limit: 256 * mib},
			postmortem.ForeignSigkill, postmortem.Likely, "began anew",
		},
		{
			"a fast spike towards the container's limit", "the slope reaches the limit before the next look",
			postmortem.Evidence{Signal: 9, CountersKnown: true, LastUsed: 100 * mib, Limit: 256 * mib, Slope: 1024 * mib, FullStall: 3 * time.Second},
			postmortem.UnknownSigkill, postmortem.Unknown, "growing by 1GiB a second",
		},
		{
			"a crash", "the signal is the worker's own doing",
			postmortem.Evidence{Signal: 11, CountersKnown: true, LastUsed: 10 * mib, Limit: 256 * mib},
			postmortem.Crashed, postmortem.Certain, "SIGSEGV",
		},
		{
			"an abort near the limit", "a failed allocation often ends so, which is worth a line",
			postmortem.Evidence{Signal: 6, CountersKnown: true, LastUsed: 255 * mib, Limit: 256 * mib},
			postmortem.Crashed, postmortem.Certain, "an allocation that fails",
		},
		{
			"an unheard-of signal", "a number is better than nothing",
			postmortem.Evidence{Signal: 40},
			postmortem.Crashed, postmortem.Certain, "signal 40",
		},
		{
			"somebody's SIGTERM", "stanch did not send it, or the guard would not ask",
			postmortem.Evidence{Signal: 15},
			postmortem.ForeignSignal, postmortem.Certain, "SIGTERM",
		},
		{
			"an exit with a code of its own", "codes below 126 are the program's",
			postmortem.Evidence{Code: 3},
			postmortem.Exited, postmortem.Certain, "code 3",
		},
		{
			"137 without a counted kill", "a shell's child was killed by somebody",
			postmortem.Evidence{Code: 137, CountersKnown: true},
			postmortem.Exited, postmortem.Certain, "128+9",
		},
		{"139", "a shell's child crashed", postmortem.Evidence{Code: 139}, postmortem.Exited, postmortem.Certain, "SIGSEGV"},
		{"143", "a shell's child was asked to end", postmortem.Evidence{Code: 143}, postmortem.Exited, postmortem.Certain, "SIGTERM"},
		{"127", "a shell did not find the command", postmortem.Evidence{Code: 127}, postmortem.Exited, postmortem.Certain, "not found"},
		{"255", "128+127 is no signal", postmortem.Evidence{Code: 255}, postmortem.Exited, postmortem.Certain, "code 255"},
		{
			"success, unasked", "a server that ends with 0 has still ended",
			postmortem.Evidence{},
			postmortem.ExitedZero, postmortem.Certain, "nobody had asked",
		},
		{
			"never ready, ended by stanch", "the kill is stanch's, the fault is not",
			postmortem.Evidence{Signal: 9, OwnKill: "it never became ready", NeverReady: "no answer on port 80 within 30s"},
			postmortem.NeverReady, postmortem.Certain, "port 80",
		},
		{
			"never ready, ended by itself", "the code tells more than the probe",
			postmortem.Evidence{Code: 1, NeverReady: "it ended before it was ready"},
			postmortem.NeverReady, postmortem.Certain, "code 1",
		},
		{
			"crashed before it was ready", "the signal tells more than the probe",
			postmortem.Evidence{Signal: 11, NeverReady: "it ended before it was ready"},
			postmortem.Crashed, postmortem.Certain, "SIGSEGV",
		},
		{
			"stanch died near the limit", "nobody saw it: likely is all there is",
			postmortem.Evidence{StanchDied: true, LastUsed: 255 * mib, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Likely, "255MiB of 256MiB",
		},
		{
			"stanch died and the counter rose", "even so nobody saw whom the kernel killed",
			postmortem.Evidence{StanchDied: true, CountersKnown: true, OwnCgroup: true, OOMAfter: 1, LastUsed: mib, Limit: 256 * mib},
			postmortem.KernelOOM, postmortem.Likely, "from 0 to 1",
		},
		{
			"stanch died far from the limit", "there is nothing to accuse memory with",
			postmortem.Evidence{StanchDied: true, LastUsed: 10 * mib, Limit: 256 * mib},
			postmortem.StanchDied, postmortem.Unknown, "10MiB of 256MiB",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := postmortem.Judge(test.evidence)
			if got.Cause != test.cause || got.Confidence != test.confidence {
				t.Errorf("Judge(%+v) = %s, %s; want %s, %s: %s", test.evidence, got.Cause, got.Confidence, test.cause, test.confidence, test.reason)
			}
			all := append([]string{got.Text}, got.Because...)
			if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, test.says) }) {
				t.Errorf("Judge(%+v) nowhere says %q:\n%s", test.evidence, test.says, strings.Join(all, "\n"))
			}
		})
	}
}

// The kernel is never accused without a kill that it counted, except with
// "likely" where nobody was left to see.
func FuzzTheKernelIsNotAccusedWithoutACountedKill(f *testing.F) {
	f.Add(0, 9, "", "", int64(0), int64(1), true, true, int64(250), int64(256), 1.0, false, false)
	f.Add(137, 0, "x", "y", int64(1), int64(1), true, false, int64(-5), int64(0), -1.0, true, true)
	f.Fuzz(func(t *testing.T, code, signal int, own, ready string, before, after int64, known, ownGroup bool, used, limit int64, slope float64, frozen, died bool) {
		e := postmortem.Evidence{
			Code: code, Signal: signal, OwnKill: own, NeverReady: ready, OOMBefore: before, OOMAfter: after,
			CountersKnown: known, OwnCgroup: ownGroup, LastUsed: used, Limit: limit, Slope: slope, Frozen: frozen, StanchDied: died,
		}
		v := postmortem.Judge(e)
		if v.Cause == "" || v.Text == "" || len(v.Because) == 0 {
			t.Errorf("Judge(%+v) = %+v: something is missing", e, v)
		}
		if v.Cause == postmortem.KernelOOM && !(known && after > before) && !(died && v.Confidence == postmortem.Likely) {
			t.Errorf("Judge(%+v) = %+v: no kill was counted", e, v)
		}
		if v.Confidence == postmortem.Certain && died {
			t.Errorf("Judge(%+v) = %+v: nobody saw it", e, v)
		}
	})
}
