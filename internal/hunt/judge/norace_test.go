//go:build !race

package judge_test

const fewer = 1
