package function

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// zones are the functions between UTC and the clocks of a time zone. The zones
// are those of the machine's database; a machine without one knows none but UTC.
func zones() []Func {
	return []Func{
		{Name: "datetime_utc_to_local", Args: []string{"datetime, string"}, Type: schema.Datetime, Make: makeZone(func(ticks int64, zone *time.Location) int64 {
			return ticks + offsetAt(ticks, zone)
		})},
		{Name: "datetime_local_to_utc", Args: []string{"datetime, string"}, Type: schema.Datetime, Make: makeZone(localToUTC)},
	}
}

// makeZone tells of an unknown zone when it is bound, if it is a constant; in a
// column it gives null.
func makeZone(of func(ticks int64, zone *time.Location) int64) func([]Arg) (Eval, error) {
	return func(described []Arg) (Eval, error) {
		if c := described[1].Const; c != nil {
			if loadZone(c.Str()) == nil {
				return nil, fmt.Errorf("the time zone %q is not known on this machine; names are as in the tz database, such as Europe/Paris", c.Str())
			}
		}
		known := map[string]*time.Location{}
		return func(args []value.Value) value.Value {
			name := args[1].Str()
			zone, seen := known[name]
			if !seen {
				zone = loadZone(name)
				if len(known) < 1000 { // there are about 600, and columns may hold anything
					known[name] = zone
				}
			}
			if zone == nil {
				return value.Null
			}
			return moment(of(args[0].Long(), zone))
		}, nil
	}
}

// loadZone is nil for a zone that is not known. Local is none: an answer must not
// depend on where it is asked.
func loadZone(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// offsetAt is how far a zone's clocks are ahead of UTC at a moment.
func offsetAt(ticks int64, zone *time.Location) int64 {
	_, seconds := value.Time(ticks).In(zone).Zone()
	return int64(seconds) * value.Second
}

// localToUTC finds the moment at which clocks show a time. Of two, when they were
// put back, it is the first; for a time that they skipped, the offset after the
// skip counts.
func localToUTC(ticks int64, zone *time.Location) int64 {
	before, after := offsetAt(ticks-value.Day, zone), offsetAt(ticks+value.Day, zone)
	if at := ticks - before; offsetAt(at, zone) == before {
		return at
	}
	return ticks - after
}
