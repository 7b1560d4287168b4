package rig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Resident is the process's resident set in bytes.
func Resident(pid int) (int64, error) {
	pages, err := statm(pid)
	return pages[1] * int64(os.Getpagesize()), err
}

// Anonymous is the part of the resident set that no file backs: what a kernel
// at a memory limit can't drop.
func Anonymous(pid int) (int64, error) {
	pages, err := statm(pid)
	return (pages[1] - pages[2]) * int64(os.Getpagesize()), err
}

// statm is the process's size, resident and shared pages.
func statm(pid int) (pages [3]int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return pages, fmt.Errorf("read resident memory: %w", err)
	}
	if _, err := fmt.Sscan(string(text), &pages[0], &pages[1], &pages[2]); err != nil {
		return pages, fmt.Errorf("read resident memory: %q is not what statm looks like", text)
	}
	return pages, nil
}

// clockTick is USER_HZ, which Linux fixes at 100 on every platform that Go
// runs on.
const clockTick = 10 * time.Millisecond

// CPU is the processor time that the process has taken so far, in user and
// kernel mode, all threads together, to 10 ms.
func CPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	// The name, in parentheses, may contain anything; utime and stime are the
	// 12th and 13th fields after it.
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read processor time: %q is not what stat looks like", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("read processor time: %q is not what stat looks like", stat)
	}
	return time.Duration(user+system) * clockTick, nil
}

// Tree is the process with all that descend from it, the process first. What
// has lost its parent is not found.
func Tree(pid int) []int {
	children := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		child, err1 := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, err2 := strconv.Atoi(fields[1])
		if err1 == nil && err2 == nil {
			children[parent] = append(children[parent], child)
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree
}
