package funcapp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The settings that bound how much is in work at once. Azure has no such
// settings; apps that were made to run elsewhere bring them.
const (
	maxConcurrentSetting = "MAX_CONCURRENT_INVOCATIONS"
	blobBatchSetting     = "BLOB_BATCH_SIZE"
)

// bounds reads them, after host.json: how many blobs are in work at once stays as
// that has it, whatever the batch is.
func (r *reader) bounds() {
	h := &r.app.Host
	h.MaxConcurrent = r.setting(maxConcurrentSetting, math.MaxInt32)
	if batch := r.setting(blobBatchSetting, 32); batch > 0 {
		h.Blobs.BatchSize = min(batch, h.Blobs.MaxParallel)
		h.Blobs.NewBatchThreshold = h.Blobs.MaxParallel - h.Blobs.BatchSize
	}
}

// setting is a number of at least 1; 0 if it is not set. An empty one is not set:
// so manifests unset a variable.
func (r *reader) setting(name string, most int) int {
	text, _ := r.app.Settings.Lookup(name)
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err == nil && n >= 1 && n <= most {
		return n
	}
	m := Mistake{File: settingsFile, Text: name + " has to be a whole number", Hint: fmt.Sprintf("1 to %d, in the environment or in Values of local.settings.json", most)}
	if most == math.MaxInt32 {
		m.Hint = "1 or more, in the environment or in Values of local.settings.json; without it there is no bound"
	}
	r.mistakes = append(r.mistakes, m)
	return 0
}
