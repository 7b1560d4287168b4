package azurite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Version is the Azurite that is installed: it has to know the API version that
// the SDK asks for.
const Version = "3.37.0"

// ErrMissing says that node or npm is not there, or too old for Azurite.
var ErrMissing = errors.New("node 20 and npm are needed")

// install brings Azurite from npm unless it was brought before, and returns its
// program. Tests that come at the same time wait for the first.
func install(ctx context.Context, root string) (string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%w: %s is not in PATH", ErrMissing, tool)
		}
	}
	version, err := answer(exec.CommandContext(ctx, "node", "--version"))
	if err != nil {
		return "", fmt.Errorf("%w: ask node for its version: %w", ErrMissing, err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		return "", fmt.Errorf("%w: node here is %s", ErrMissing, version)
	}
	dir := filepath.Join(root, ".cache", "azurite")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	program := filepath.Join(dir, "node_modules", "azurite", "dist", "src", "azurite.js")
	whole := filepath.Join(dir, ".installed-"+Version) // npm may be interrupted half way
	if _, err := os.Stat(whole); err == nil {
		return program, nil
	}
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--no-package-lock", "azurite@"+Version)
	if out, err := npm.CombinedOutput(); err != nil && !reaped(err) {
		return "", fmt.Errorf("npm install azurite@%s: %w\n%s", Version, err, out[max(0, len(out)-1000):])
	}
	installed, err := answer(exec.CommandContext(ctx, "node", program, "--version"))
	if err == nil && installed != Version {
		err = fmt.Errorf("what is there says that it is %q", installed)
	}
	if err != nil {
		return "", fmt.Errorf("npm install azurite@%s: %w", Version, err)
	}
	return program, os.WriteFile(whole, []byte(Version), 0o600)
}

// answer is what a command prints.
func answer(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if reaped(err) {
		err = nil
	}
	return strings.TrimSpace(string(out)), err
}

// reaped says that somebody else has waited for a child, as the host of stanch's
// processes does for all that end: how it ended is not known, and what it printed is.
func reaped(err error) bool { return errors.Is(err, syscall.ECHILD) }
