package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/memory/trend/trace"
)

// recorded measures the traces that bench/traces has recorded into a directory.
func recorded(dir string, rules func() []rule) (outcomes []outcome, err error) {
	labels, err := os.Open(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("open the labels: %w\nhint: go run ./bench/traces -out %s -record 60s", err, dir)
	}
	defer labels.Close()
	for lines := bufio.NewScanner(labels); lines.Scan(); {
		var label synth.Label
		if err := json.Unmarshal(lines.Bytes(), &label); err != nil {
			return nil, fmt.Errorf("read a label: %w", err)
		}
		samples, err := unpack(filepath.Join(dir, label.ID+".csv.gz"))
		if err != nil {
			return nil, err
		}
		label.App = label.ID
		outcomes = append(outcomes, measure(label, func(yield func(trend.Sample) bool) {
			for _, s := range samples {
				if !yield(s) {
					return
				}
			}
		}, rules()))
	}
	return outcomes, nil
}

func unpack(name string) (samples []trend.Sample, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open a trace: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	_, err = trace.Read(packed, name, func(s trend.Sample) error {
		samples = append(samples, s)
		return nil
	})
	return samples, err
}
