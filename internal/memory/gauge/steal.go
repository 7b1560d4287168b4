package gauge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Processors is what this machine's processors have spent so far, in ticks of the
// kernel's, all together: as much as could have been spent, and what the machine below
// gave to others (steal). It is the first line of /proc/stat, proc_stat(5).
func Processors(proc string) (spent, stolen uint64, err error) {
	text, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return 0, 0, fmt.Errorf("read the processors' time: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	const steal = 8 // after the name: user nice system idle iowait irq softirq steal; guest time is in user's
	if len(fields) <= steal || fields[0] != "cpu" {
		return 0, 0, errors.New("read the processors' time: /proc/stat has no line of it")
	}
	for i, field := range fields[1 : steal+1] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("read the processors' time: %w", err)
		}
		spent += n
		if i == steal-1 {
			stolen = n
		}
	}
	return spent, stolen, nil
}
