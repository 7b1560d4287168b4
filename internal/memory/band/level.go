package band

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
)

// Level is where a band begins: a part of the limit, or an amount of bytes.
// Exactly one of the two is set.
type Level struct {
	Percent float64 // of the limit, 0 < Percent < 100
	Bytes   bytesize.Size
}

// ParseLevel reads "75%" or "1.5GiB".
func ParseLevel(s string) (Level, error) {
	text := strings.TrimSpace(s)
	if number, isPercent := strings.CutSuffix(text, "%"); isPercent {
		p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(p > 0 && p < 100) {
			return Level{}, fmt.Errorf("level %q is not a percentage between 0%% and 100%%", s)
		}
		return Level{Percent: p}, nil
	}
	size, err := bytesize.Parse(text)
	if err != nil {
		return Level{}, fmt.Errorf("level %q is neither a percentage like 75%% nor a size like 1.5GiB", s)
	}
	if size <= 0 {
		return Level{}, fmt.Errorf("level %q is not above zero", s)
	}
	return Level{Bytes: size}, nil
}

// String prints the level as [ParseLevel] reads it.
func (l Level) String() string {
	if l.Bytes > 0 {
		return l.Bytes.String()
	}
	return strconv.FormatFloat(l.Percent, 'f', -1, 64) + "%"
}

// room bounds the bytes left free above a level that is given in percent. On a
// large machine a percentage wastes gigabytes, on a small one it leaves too
// little to act in.
type room struct{ least, most bytesize.Size }

var rooms = [...]room{
	Degraded:  {32 * bytesize.MiB, 4 * bytesize.GiB},
	Critical:  {16 * bytesize.MiB, 2 * bytesize.GiB},
	Emergency: {8 * bytesize.MiB, 1 * bytesize.GiB},
}

// Config says where the bands begin and how they are left.
type Config struct {
	Degraded, Critical, Emergency Level
	Gap                           float64       // part of the limit, in percent, that a reading has to fall below a level to leave its band
	Dwell                         time.Duration // how long it has to stay there
}

// Default is 75, 90 and 95 % of the limit, left after two seconds at 5 % below.
func Default() Config {
	return Config{
		Degraded:  Level{Percent: 75},
		Critical:  Level{Percent: 90},
		Emergency: Level{Percent: 95},
		Gap:       5,
		Dwell:     2 * time.Second,
	}
}

// Presets are the bands of well-known plans, by name.
func Presets() map[string]Config {
	levels := func(degraded, critical, emergency float64) Config {
		c := Default()
		gib := func(x float64) Level { return Level{Bytes: bytesize.Size(x * float64(bytesize.GiB))} }
		c.Degraded, c.Critical, c.Emergency = gib(degraded), gib(critical), gib(emergency)
		return c
	}
	return map[string]Config{
		"default":            Default(),
		"container-apps-2gi": levels(1.5, 1.8, 1.9), // Azure Container Apps, 1 vCPU and 2 Gi
		"ep1":                levels(1.2, 2.5, 3.2), // Azure Functions Elastic Premium EP1, 3.5 GB
	}
}

// Check reports every mistake at once.
func (c Config) Check() error {
	var errs []error
	levels := []struct {
		name string
		Level
	}{{"degraded", c.Degraded}, {"critical", c.Critical}, {"emergency", c.Emergency}}
	for i, l := range levels {
		if (l.Percent > 0) == (l.Bytes > 0) {
			errs = append(errs, fmt.Errorf("%s: give either a percentage or a size", l.name))
		}
		if i == 0 {
			continue
		}
		below := levels[i-1]
		if (l.Bytes > 0) == (below.Bytes > 0) && (l.Bytes < below.Bytes || l.Percent < below.Percent) {
			errs = append(errs, fmt.Errorf("%s begins at %v, below %s at %v", l.name, l.Level, below.name, below.Level))
		}
	}
	if !(c.Gap >= 0 && c.Gap < 50) {
		errs = append(errs, fmt.Errorf("band-gap %v is not between 0 and 50 percent", c.Gap))
	}
	if c.Dwell < 0 {
		errs = append(errs, fmt.Errorf("band-dwell %v is negative", c.Dwell))
	}
	return errors.Join(errs...)
}

// Levels are the bands in bytes for one limit.
type Levels struct {
	Limit   int64
	Enter   [4]int64 // indexed by Band; Enter[Healthy] is 0
	Leave   [4]int64
	Reserve int64 // below the limit: what reaches limit−Reserve is about to be killed
}

// For works the levels out for a limit. Without a limit no band but Healthy can
// be reached. A level given in bytes that lies above what its percentage
// default would allow for this limit is lowered to that, so that a preset for a
// larger plan still acts in time.
func (c Config) For(limit int64) Levels {
	l := Levels{Limit: limit}
	if limit <= 0 || limit == memory.Unlimited {
		l.Limit = memory.Unlimited
		for b := Degraded; b <= Emergency; b++ {
			l.Enter[b], l.Leave[b] = memory.Unlimited, memory.Unlimited
		}
		return l
	}
	gap := int64(float64(limit) * c.Gap / 100)
	ceiling := Default()
	for b, level := range map[Band][2]Level{
		Degraded:  {c.Degraded, ceiling.Degraded},
		Critical:  {c.Critical, ceiling.Critical},
		Emergency: {c.Emergency, ceiling.Emergency},
	} {
		enter := percentOf(limit, level[0].Percent, rooms[b])
		if bytes := int64(level[0].Bytes); bytes > 0 {
			enter = bytes
			if bytes >= limit-min(int64(rooms[b].least), limit/8) {
				enter = min(bytes, percentOf(limit, level[1].Percent, rooms[b]))
			}
		}
		l.Enter[b] = enter
	}
	for b := Degraded; b <= Emergency; b++ {
		l.Enter[b] = max(l.Enter[b], l.Enter[b-1])
		l.Leave[b] = max(l.Enter[b]-gap, 0)
	}
	l.Reserve = min(max(limit/50, int64(2*bytesize.MiB)), int64(64*bytesize.MiB), limit/8)
	return l
}

func percentOf(limit int64, percent float64, r room) int64 {
	free := int64(float64(limit) * (100 - percent) / 100)
	// On a limit so small that the least room would be most of it, a fair
	// share of the limit is the least room.
	least := min(int64(r.least), int64(float64(limit)*(100-percent)/100*1.6))
	return limit - min(max(free, least), int64(r.most))
}

// Band is the band that a reading of so many bytes enters.
func (l Levels) Band(used int64) Band {
	for b := Emergency; b > Healthy; b-- {
		if used >= l.Enter[b] {
			return b
		}
	}
	return Healthy
}

// Next is the first level above used; the limit less the reserve above
// Emergency.
func (l Levels) Next(used int64) int64 {
	for b := Degraded; b <= Emergency; b++ {
		if used < l.Enter[b] {
			return l.Enter[b]
		}
	}
	return l.Brink()
}

// Brink is the amount at which a worker is about to be killed.
func (l Levels) Brink() int64 {
	if l.Limit == memory.Unlimited {
		return memory.Unlimited
	}
	return l.Limit - l.Reserve
}
