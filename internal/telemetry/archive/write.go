package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// Write keeps a report and returns its file. A report without an ID gets one,
// which sorts by the time of death. The file is on the disk, under its name and
// whole, when Write returns without an error. An error with a path means that the
// file is there, and may not outlive a power cut, or that older ones could not
// be removed; one without, that the summary is among [Archive.Unwritten].
func (a *Archive) Write(r postmortem.Report) (path string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path, err = a.write(&r)
	if path == "" {
		a.unwritten = append(a.unwritten, r.Summary())
		a.unwritten = a.unwritten[max(len(a.unwritten)-mostUnwritten, 0):]
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			return "", fmt.Errorf("the disk is full, a post-mortem of worker %s is kept in memory only: %w\nhint: make room in %s", r.Worker, err, a.dir)
		}
		return "", fmt.Errorf("a post-mortem of worker %s is kept in memory only: %w", r.Worker, err)
	}
	return path, errors.Join(err, a.retain())
}

func (a *Archive) write(r *postmortem.Report) (path string, err error) {
	if r.Version == 0 {
		r.Version = postmortem.Version
	}
	if r.ID == "" {
		r.ID = a.free(newID(r))
	}
	if !name.MatchString(r.ID + ".json") {
		return "", fmt.Errorf("the id %q is none: one looks like 20261121T023344.123Z-w3", r.ID)
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return "", fmt.Errorf("encode post-mortem: %w", err)
	}
	f, err := os.CreateTemp(a.dir, temporaryPrefix+"*"+temporarySuffix)
	if err != nil {
		return "", fmt.Errorf("write post-mortem: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to tell
		}
	}()
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), a.path(r.ID))
	}
	if err != nil {
		return "", fmt.Errorf("write post-mortem: %w", err)
	}
	return a.path(r.ID), a.syncDir()
}

// free is id, or id with a number where it is taken.
func (a *Archive) free(id string) string {
	for n, try := 2, id; ; n++ {
		if _, err := os.Lstat(a.path(try)); err != nil {
			return try // not there, or not to be known: writing will tell
		}
		try = fmt.Sprintf("%s.%d", id, n)
	}
}

// syncDir makes the new name last. Some file systems can't, and say EINVAL.
func (a *Archive) syncDir() error {
	d, err := os.Open(a.dir)
	if err != nil {
		return fmt.Errorf("make the post-mortem's name last: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("make the post-mortem's name last: %w", err)
	}
	return nil
}

// longestMessage is what Kubernetes reads of a termination message.
const longestMessage = 4096

// TerminationLog writes a summary to the file that an orchestrator shows as the
// reason of a container's end (Kubernetes' terminationMessagePath, by default
// /dev/termination-log), cut to the 4096 bytes that are read of it. Where there
// is no such regular file there is nobody to read it, and nothing is done.
func TerminationLog(path, summary string) error {
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text := summary
	if len(text) > longestMessage {
		text = strings.ToValidUTF8(text[:longestMessage], "")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("write the termination message: %w", err)
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the termination message: %w", err)
	}
	return nil
}
