//go:build race

package proxy_test

// raceEnabled says that memory is not what it would be: shadow memory counts.
const raceEnabled = true
