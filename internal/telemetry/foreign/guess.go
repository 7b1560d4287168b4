package foreign

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// kinds are what values of a column were seen to be, a bit each.
type kinds uint8

const (
	kindBool kinds = 1 << iota
	kindLong
	kindReal
	kindDatetime
	kindTimespan
	kindDynamic
	kindText
)

// guess finds the columns of a table and their types.
type guess struct {
	name    string
	known   schema.Table
	columns []string
	index   map[string]int
	seen    []kinds
	told    []schema.Type // what a file itself says of a column; Unknown otherwise
}

func newGuess(name string) *guess {
	g := &guess{name: name, index: map[string]int{}}
	g.known, _ = schema.Find(name)
	for _, c := range g.known.Columns {
		g.told[g.column(c.Name)] = c.Type
	}
	return g
}

// column is the index of a name, which it gets if it has none.
func (g *guess) column(name string) int {
	i, known := g.index[name]
	if !known {
		i = len(g.columns)
		name = strings.Clone(name)
		g.index[name] = i
		g.columns, g.seen, g.told = append(g.columns, name), append(g.seen, 0), append(g.told, schema.Unknown)
	}
	return i
}

// settled says whether a column's type is not to be found any more.
func (g *guess) settled(i int) bool {
	return g.told[i] != schema.Unknown || g.seen[i]&kindText != 0
}

// table is what was found out.
func (g *guess) table() schema.Table {
	t := schema.Table{Name: g.name, Time: g.known.Time}
	for i, name := range g.columns {
		kind := g.told[i]
		if kind == schema.Unknown {
			kind = g.seen[i].common()
		}
		t.Columns = append(t.Columns, schema.Column{Name: name, Type: kind})
	}
	for _, name := range []string{"timestamp", "TimeGenerated"} {
		if c, ok := t.Column(name); ok && c.Type == schema.Datetime && t.Time == "" {
			t.Time = name
		}
	}
	return t
}

// common is the type that holds all that was seen.
func (k kinds) common() schema.Type {
	switch k {
	case kindBool:
		return schema.Bool
	case kindLong:
		return schema.Long
	case kindReal, kindReal | kindLong:
		return schema.Real
	case kindDatetime:
		return schema.Datetime
	case kindTimespan:
		return schema.Timespan
	}
	if k&kindDynamic != 0 {
		return schema.Dynamic // which holds the others too
	}
	return schema.String
}

// kindOfText is what a field of CSV may be.
func kindOfText(s string) kinds {
	switch c := s[0]; {
	case c == '{' || c == '[':
		if _, ok := value.ParseJSON(s); ok {
			return kindDynamic
		}
		return kindText
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return kindOfDigits(s)
	}
	switch strings.ToLower(s) {
	case "true", "false":
		return kindBool
	case "nan", "infinity", "-infinity":
		return kindReal
	}
	return kindText
}

func kindOfDigits(s string) kinds {
	digits := strings.TrimLeft(s, "+-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' && !strings.ContainsAny(s, ":-/T") {
		return kindText // an identifier: as a number it would lose its zeros
	}
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return kindLong
	}
	if strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune("+-.eE", r) }) < 0 {
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return kindReal
		}
	}
	if looksLikeDate(s) {
		if _, ok := parseMoment(s); ok {
			return kindDatetime
		}
	}
	if strings.Count(s, ":") == 2 {
		if _, ok := value.ParseTimespan(s); ok {
			return kindTimespan
		}
	}
	return kindText
}

// looksLikeDate keeps numbers and versions from being read as years.
func looksLikeDate(s string) bool {
	return len(s) >= len("1/2/2026") && len(s) <= 40 && (strings.Count(s, "-") >= 2 || strings.Count(s, "/") == 2)
}

// parseMoment reads a moment also as the portal's CSV has it: 4/5/2026, 1:30:00.000 AM.
func parseMoment(s string) (int64, bool) {
	if ticks, ok := value.ParseDatetime(s); ok {
		return ticks, true
	}
	date, clock, found := strings.Cut(s, ", ")
	if !found || strings.Count(date, "/") != 2 {
		return 0, false
	}
	day, ok := value.ParseDatetime(date)
	if !ok {
		return 0, false
	}
	half := int64(-1)
	for i, suffix := range []string{"AM", "PM"} {
		if rest, found := strings.CutSuffix(clock, suffix); found {
			half, clock = int64(i), strings.TrimSpace(rest)
		}
	}
	ticks, ok := value.ParseTimespan(clock)
	if !ok || ticks < 0 {
		return 0, false
	}
	if half >= 0 { // 12 AM is midnight, 12 PM is noon
		ticks = ticks%(12*value.Hour) + half*12*value.Hour
	}
	return day + ticks, true
}

// kindOfJSON is what a value of JSON may be. Where a document writes all values
// as strings, what stands in them counts.
func kindOfJSON(raw []byte, stringly bool) kinds {
	switch raw[0] {
	case '"':
		s := string(raw[1 : len(raw)-1])
		if s == "" {
			return 0
		}
		if stringly {
			return kindOfText(s)
		}
		if looksLikeDate(s) && s[0] >= '0' && s[0] <= '9' && kindOfDigits(s) == kindDatetime {
			return kindDatetime
		}
		return kindText
	case 't', 'f':
		return kindBool
	case 'n':
		return 0
	case '{', '[':
		return kindDynamic
	}
	if !slices.ContainsFunc(raw, func(b byte) bool { return b == '.' || b == 'e' || b == 'E' }) && len(raw) < 19 {
		return kindLong
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return kindLong
	}
	return kindReal
}
