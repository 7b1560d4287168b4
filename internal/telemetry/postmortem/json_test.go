package postmortem_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

func TestAReportIsNotLostForARateThatIsNoNumber(t *testing.T) {
	text, err := json.Marshal(postmortem.Report{Worker: "w3", Slope: math.NaN(), Trend: math.Inf(1)})
	if err != nil {
		t.Fatalf("Marshal of a report with rates that are no numbers: %v", err)
	}
	var got postmortem.Report
	if err := json.Unmarshal(text, &got); err != nil || got.Worker != "w3" || got.Slope != 0 || got.Trend != 0 {
		t.Errorf("Unmarshal(%s) = worker %q, slope %v, trend %v, %v; want w3 and rates of 0", text, got.Worker, got.Slope, got.Trend, err)
	}
}
