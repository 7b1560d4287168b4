//go:build race

package judge_test

// fewer is by how much a survey has fewer hunts under the race detector, which makes
// arithmetic ten times slower and finds nothing in it: there is one goroutine.
const fewer = 20
