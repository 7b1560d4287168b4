package app

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// DataDir is where the flight recorder and the post-mortems live: the directory
// that was set, else /var/lib/stanch where that can be written, else the user's
// state directory, else one below the system's temporary directory.
func DataDir(set string) (string, error) {
	if set != "" {
		if err := os.MkdirAll(set, 0o755); err != nil {
			return "", fmt.Errorf("make the data directory: %w\nhint: set --data to a directory that stanch may write", err)
		}
		return set, nil
	}
	candidates := []string{"/var/lib/stanch"}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		candidates = append(candidates, filepath.Join(state, "stanch"))
	} else if home, err := os.UserHomeDir(); err == nil {
		candidates = append(candidates, filepath.Join(home, ".local", "state", "stanch"))
	}
	candidates = append(candidates, filepath.Join(os.TempDir(), fmt.Sprintf("stanch-%d", os.Getuid())))
	var errs []string
	for _, dir := range candidates {
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			var probe *os.File
			if probe, err = os.CreateTemp(dir, ".probe"); err == nil {
				probe.Close()
				os.Remove(probe.Name())
				return dir, nil
			}
		}
		errs = append(errs, err.Error())
	}
	return "", fmt.Errorf("no directory for the flight recorder can be written: %s\nhint: set --data", strings.Join(errs, "; "))
}

// listen opens host:port or unix:/path.
func listen(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%w\nhint: another process has the address, or it may not be used; choose one with --listen and --admin", err)
		}
		return l, nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("listen %s: another process serves there", address)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove an old socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, nil
}
