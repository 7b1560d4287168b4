package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residents is the sum of a line of /proc/PID/status over processes, in bytes. A
// process that is gone counts nothing.
func residents(line string, pids ...int) (sum int64) {
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for l := range strings.Lines(string(status)) {
			if rest, found := strings.CutPrefix(l, line+":"); found {
				kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				sum += kib << 10
			}
		}
	}
	return sum
}
