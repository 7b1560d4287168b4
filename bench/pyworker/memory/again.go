package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// again runs this program for one way.
func again(name, cache, app string, size int64) (f figure, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.Command(self, "-only", name, "-mib", fmt.Sprint(size>>20), "-cache", cache, "-app", app)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(out, &f)
}
