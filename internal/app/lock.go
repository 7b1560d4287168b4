package app

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mlockOnFault is MLOCK_ONFAULT of mlock2(2): pages are kept once they were
// used, and not read in before.
const mlockOnFault = 1

// lockText lets go of the pages of our own program that only the start has used,
// and keeps those in memory that are used from then on. At a container's limit the
// kernel drops pages that came from files first, and a guard that has to read its
// own program from disk again is no guard; but what only the start needs, packages
// that make themselves ready for work that never comes, is 10 MiB that the
// container has better use for. It returns how much is kept; without the privilege
// that is what RLIMIT_MEMLOCK allows, or nothing. Call it once, when all is wired.
func lockText() int64 {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 0
	}
	var locked int64
	for line := range bytes.Lines(maps) {
		var from, to uintptr
		var access string
		if !bytes.HasSuffix(bytes.TrimSpace(line), []byte(program)) {
			continue
		}
		if _, err := fmt.Sscanf(string(line), "%x-%x %s", &from, &to, &access); err != nil || access[1] == 'w' {
			continue
		}
		// Pages that are locked could not be let go of any more. One that is needed
		// after all costs a fault, which finds it in the page cache.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		if _, _, errno := unix.Syscall(unix.SYS_MLOCK2, from, to-from, mlockOnFault); errno == 0 {
			locked += int64(to - from)
		}
	}
	return locked
}
