package record

import "time"

// Subject is a program and what is done to it.
type Subject struct {
	Lang, Mechanism string
	Variant         string        // tells subjects with the same mechanism apart
	Size            int           // bytes that a request, or a tick, keeps
	Rate            float64       // requests a second, on the mean
	Shape           Shape         // how they come
	Limit           int64         // of the worker's cgroup, in bytes
	Restart         time.Duration // a worker of this age is killed and started anew; 0 for never
	Driver          string        // what the leak goes with: requests, or time
	Class, Cause    string
	Clean           bool
}

// ID names the subject.
func (s *Subject) ID() string {
	id := s.Lang + "-" + s.Mechanism
	if s.Variant != "" {
		id += "-" + s.Variant
	}
	return id
}

// Subjects are all programs, leaking and clean. A plain leak takes about 56 MiB an
// hour, so that it is slow once it is stretched; a fast one takes its limit in a
// quarter of an hour, so that it has not to be.
func Subjects() (all []Subject) {
	const mib = 1 << 20
	add := func(s Subject) {
		if s.Size == 0 {
			s.Size = 4 << 10
		}
		if s.Rate == 0 {
			s.Rate = 4
		}
		if s.Limit == 0 {
			s.Limit = 256 * mib
		}
		if s.Driver == "" && !s.Clean {
			s.Driver = "requests"
		}
		all = append(all, s)
	}
	shapes := []Shape{Flat, Wave, Bursts, Idle}
	for i, s := range []Subject{
		{Lang: "python", Mechanism: "map"},
		{Lang: "python", Mechanism: "listener"},
		{Lang: "python", Mechanism: "thread", Cause: "threads"},
		{Lang: "python", Mechanism: "unclosed", Cause: "file descriptors"},
		{Lang: "python", Mechanism: "native"},
		{Lang: "python", Mechanism: "timer", Driver: "time"},
		{Lang: "node", Mechanism: "map", Class: "managed"},
		{Lang: "node", Mechanism: "listener", Class: "managed"},
		{Lang: "node", Mechanism: "buffer", Class: "managed"},
		{Lang: "node", Mechanism: "timer", Class: "managed"},
		{Lang: "go", Mechanism: "map", Class: "managed"},
		{Lang: "go", Mechanism: "goroutine", Class: "managed", Cause: "goroutines"},
		{Lang: "go", Mechanism: "unclosed", Class: "managed", Cause: "goroutines"},
		{Lang: "go", Mechanism: "timer", Class: "managed", Driver: "time"},
		{Lang: "java", Mechanism: "map", Class: "managed"},
		{Lang: "java", Mechanism: "listener", Class: "managed"},
		{Lang: "java", Mechanism: "thread", Class: "managed", Cause: "threads"},
		{Lang: "java", Mechanism: "direct", Class: "native"},
		{Lang: "c", Mechanism: "malloc"},
		{Lang: "c", Mechanism: "thread", Cause: "threads"},
		{Lang: "c", Mechanism: "descriptor", Cause: "file descriptors"},
	} {
		s.Shape = shapes[i%len(shapes)]
		add(s)
	}
	for _, s := range []Subject{
		{Lang: "python", Mechanism: "map"},
		{Lang: "node", Mechanism: "buffer", Class: "managed"},
		{Lang: "go", Mechanism: "goroutine", Class: "managed", Cause: "goroutines"},
		{Lang: "java", Mechanism: "map", Class: "managed"},
		{Lang: "c", Mechanism: "malloc"},
	} {
		s.Variant, s.Size, s.Rate = "fast", 24<<10, 8
		add(s)
	}
	for _, s := range []Subject{
		{Lang: "python", Mechanism: "listener"},
		{Lang: "node", Mechanism: "map", Class: "managed"},
		{Lang: "c", Mechanism: "lru", Clean: true},
		{Lang: "go", Mechanism: "clean", Clean: true},
	} {
		s.Variant, s.Restart = "restarted", 13*time.Minute
		if s.Clean {
			s.Rate = 16 // it is full in good time
		} else {
			s.Size = 8 << 10
		}
		add(s)
	}
	for i, name := range []struct{ lang, mechanism string }{
		{"python", "clean"},
		{"python", "lru"},
		{"python", "zipf"},
		{"python", "lazy"},
		{"python", "cycles"},
		{"python", "pagecache"},
		{"python", "logrotate"},
		{"node", "clean"},
		{"node", "lru"},
		{"node", "lazy"},
		{"node", "jit"},
		{"go", "clean"},
		{"go", "lru"},
		{"go", "lazy"},
		{"go", "garbage"},
		{"go", "logrotate"},
		{"java", "clean"},
		{"java", "lru"},
		{"java", "lazy"},
		{"java", "jit"},
		{"c", "clean"},
		{"c", "lru"},
		{"c", "fragments"},
		{"c", "pagecache"},
		{"c", "logrotate"},
	} {
		add(Subject{Lang: name.lang, Mechanism: name.mechanism, Clean: true, Shape: shapes[i%len(shapes)]})
	}
	return all
}
