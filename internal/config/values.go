package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/band"
)

// Value reads and prints one setting. It has the methods of pflag.Value, so
// that the same value serves flag, key and variable.
type Value interface {
	Set(string) error
	String() string
	Type() string
}

// value adapts a pointer and two functions.
type value[T any] struct {
	at    *T
	kind  string
	read  func(string) (T, error)
	print func(T) string
}

func (v value[T]) Set(s string) error {
	x, err := v.read(s)
	if err == nil {
		*v.at = x
	}
	return err
}

func (v value[T]) String() string {
	if v.at == nil {
		return ""
	}
	return v.print(*v.at)
}
func (v value[T]) Type() string { return v.kind }

func text(at *string) Value {
	return value[string]{at, "string", func(s string) (string, error) { return s, nil }, func(s string) string { return s }}
}

// secret is a text that prints as stars.
func secret(at *string) Value {
	return value[string]{at, "string", func(s string) (string, error) { return s, nil }, func(s string) string {
		if s == "" {
			return ""
		}
		return "***"
	}}
}

func choice(at *string, options ...string) Value {
	return value[string]{at, strings.Join(options, "|"), func(s string) (string, error) {
		if !slices.Contains(options, s) {
			return "", fmt.Errorf("%q is not one of %s", s, strings.Join(options, ", "))
		}
		return s, nil
	}, func(s string) string { return s }}
}

func number(at *int) Value {
	return value[int]{at, "int", func(s string) (int, error) {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		return n, nil
	}, strconv.Itoa}
}

func percent(at *float64) Value {
	return value[float64]{at, "percent", func(s string) (float64, error) {
		p, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(s), "%"), 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a percentage like 5%%", s)
		}
		return p, nil
	}, func(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + "%" }}
}

func toggle(at *bool) Value {
	return value[bool]{at, "bool", func(s string) (bool, error) {
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true", "on", "yes", "1":
			return true, nil
		case "false", "off", "no", "0":
			return false, nil
		}
		return false, fmt.Errorf("%q is neither true nor false", s)
	}, strconv.FormatBool}
}

func duration(at *time.Duration) Value {
	return value[time.Duration]{at, "duration", func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(strings.TrimSpace(s))
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration; write it with a unit: 500ms, 30s, 10m", s)
		}
		return d, nil
	}, time.Duration.String}
}

func size(at *bytesize.Size) Value {
	return value[bytesize.Size]{at, "size", bytesize.Parse, func(s bytesize.Size) string {
		if s == 0 {
			return ""
		}
		return s.String()
	}}
}

func level(at *band.Level) Value {
	return value[band.Level]{at, "level", band.ParseLevel, band.Level.String}
}

func mode(at *band.Mode) Value {
	return value[band.Mode]{at, "replace|signal|watch", func(s string) (band.Mode, error) {
		switch s {
		case "replace":
			return band.Replace, nil
		case "signal":
			return band.Signal, nil
		case "watch":
			return band.Watch, nil
		}
		return 0, fmt.Errorf("%q is none of replace, signal and watch", s)
	}, func(m band.Mode) string { return [...]string{"replace", "signal", "watch"}[m] }}
}

func preset(at *band.Config) Value {
	return value[band.Config]{at, "name", func(s string) (band.Config, error) {
		c, known := band.Presets()[s]
		if !known {
			return c, fmt.Errorf("no preset is called %q; there are %s", s, strings.Join(PresetNames(), ", "))
		}
		return c, nil
	}, func(c band.Config) string {
		for name, p := range band.Presets() {
			if p == c {
				return name
			}
		}
		return ""
	}}
}

// PresetNames are the names of the band presets, sorted.
func PresetNames() []string {
	var names []string
	for name := range band.Presets() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func signal(at *syscall.Signal) Value {
	return value[syscall.Signal]{at, "signal", func(s string) (syscall.Signal, error) {
		name := strings.ToUpper(strings.TrimSpace(s))
		if name == "" || name == "NONE" {
			return 0, nil
		}
		if !strings.HasPrefix(name, "SIG") {
			name = "SIG" + name
		}
		sig := unix.SignalNum(name)
		if sig == 0 {
			return 0, fmt.Errorf("no signal is called %q", s)
		}
		return sig, nil
	}, func(s syscall.Signal) string {
		if s == 0 {
			return ""
		}
		return unix.SignalName(s)
	}}
}

func budget(at *Budget) Value {
	return value[Budget]{at, "count/window", func(s string) (Budget, error) {
		if s = strings.TrimSpace(s); s == "none" || s == "0" {
			return Budget{}, nil
		}
		count, window, both := strings.Cut(s, "/")
		n, err := strconv.Atoi(count)
		d, err2 := time.ParseDuration(window)
		if !both || err != nil || err2 != nil || n < 1 || d <= 0 {
			return Budget{}, fmt.Errorf("%q is not a budget like 10/10m (ten in ten minutes), or none", s)
		}
		return Budget{Count: n, Window: d}, nil
	}, Budget.String}
}

// String prints the budget as "10/10m0s", or "none".
func (b Budget) String() string {
	if b.Count == 0 {
		return "none"
	}
	return fmt.Sprintf("%d/%v", b.Count, b.Window)
}

// The ways to tell that a worker is ready.
const (
	ReadyTCP  = "tcp"  // its socket accepts a connection
	ReadyHTTP = "http" // a GET of Ready.Arg answers 2xx or 3xx
	ReadyLog  = "log"  // it prints a line that contains Ready.Arg
)

// Ready is how stanch tells that a worker is ready.
type Ready struct {
	Kind string
	Arg  string // the path, or the text
}

func ready(at *Ready) Value {
	return value[Ready]{at, "tcp|http:/path|log:text", func(s string) (Ready, error) {
		kind, arg, _ := strings.Cut(s, ":")
		switch {
		case s == ReadyTCP,
			kind == ReadyHTTP && strings.HasPrefix(arg, "/"),
			kind == ReadyLog && arg != "":
			return Ready{Kind: kind, Arg: arg}, nil
		}
		return Ready{}, fmt.Errorf("%q is none of tcp, http:/path, log:text", s)
	}, Ready.String}
}

// String prints the probe as the setting is written.
func (r Ready) String() string {
	if r.Arg == "" {
		return r.Kind
	}
	return r.Kind + ":" + r.Arg
}
