package flight

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Recorder writes what happens. All of it is safe for concurrent use; nothing
// in it fails, waits for a disk or allocates on the way of a request.
type Recorder struct {
	mem  []byte   // the whole file; never unmapped, so that a late writer finds memory
	file *os.File // holds the lock; nil in memory mode
	seed uint32

	clock clock
	began time.Time

	samples samples
	notes   notes
	lines   lines
	slots   slots

	closing  sync.Once
	closeErr error
}

// Open begins a new record in the file at path, and returns what an earlier run
// has left there unless that was closed in order. The Recorder is never nil:
// where the file can't be had (a full or read-only disk, another live stanch)
// it records into memory only, and the error is a warning that says why.
func Open(path string, opt Options) (*Recorder, *Remains, error) {
	if opt.Memory {
		return newRecorder(anonymous(), nil), nil, nil
	}
	file, err := lockFile(path)
	if err != nil {
		return newRecorder(anonymous(), nil), nil, err
	}
	remains, err := readRemains(file)
	var mem []byte
	if err == nil {
		mem, err = mapFile(file)
	}
	if err != nil {
		file.Close() // nothing was written through it
		return newRecorder(anonymous(), nil), remains, err
	}
	return newRecorder(mem, file), remains, nil
}

// lockFile opens or makes the file, as its only user.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the flight recorder's file: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err == nil {
		if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("another stanch that runs is writing to it\nhint: give each stanch a data directory of its own")
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open the flight recorder's file %s: %w", path, err)
	}
	return file, nil
}

// readRemains reads an earlier run. A file that is something else is an error:
// it is somebody's.
func readRemains(file *os.File) (*Remains, error) {
	old, err := io.ReadAll(io.NewSectionReader(file, 0, fileSize))
	if err != nil {
		return nil, fmt.Errorf("read the flight recorder's file: %w", err)
	}
	remains, kind := parse(old)
	switch {
	case kind == foreign:
		return nil, fmt.Errorf("%s holds something else than a flight recorder's data\nhint: move it out of the way", file.Name())
	case kind == blank || remains.Clean:
		return nil, nil
	}
	return &remains, nil
}

// mapFile gives the file its size, with every block in its place, so that a
// write to the mapping can't find the disk full, and maps it, blank.
func mapFile(file *os.File) ([]byte, error) {
	// Beyond this limit the kernel sends a signal that ends a Go program.
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err == nil && limit.Cur < fileSize {
		return nil, fmt.Errorf("allocate the flight recorder's file: the limit of file sizes is %d bytes, and it needs %d\nhint: raise ulimit -f", limit.Cur, fileSize)
	}
	if err := allocate(file); err != nil {
		return nil, fmt.Errorf("allocate %d bytes for the flight recorder: %w", fileSize, err)
	}
	mem, err := unix.Mmap(int(file.Fd()), 0, fileSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the flight recorder's file: %w", err)
	}
	clear(mem)
	// At the memory limit the kernel takes even hot file pages away; reading
	// them back would stall whoever writes. Where locking is not allowed, that
	// is so.
	_ = unix.Mlock(mem)
	return mem, nil
}

func allocate(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fresh := info.Size() == 0
	if info.Size() > fileSize {
		if err := file.Truncate(fileSize); err != nil {
			return err
		}
	}
	err = ignoringInterrupts(func() error { return unix.Fallocate(int(file.Fd()), 0, 0, fileSize) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		_, err = file.WriteAt(make([]byte, fileSize), 0)
	}
	if err != nil && fresh {
		// What little was allocated would be missed by others.
		_ = file.Truncate(0)
	}
	return err
}

func ignoringInterrupts(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// anonymous is memory of the file's size. It takes room only as it is written.
func anonymous() []byte {
	mem, err := unix.Mmap(-1, 0, fileSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return make([]byte, fileSize)
	}
	return mem
}

func newRecorder(mem []byte, file *os.File) *Recorder {
	r := &Recorder{mem: mem, file: file, clock: newClock()}
	r.began = r.clock.wall
	r.seed = uint32(r.began.UnixNano()) ^ uint32(os.Getpid())<<16
	r.slots.init()
	copy(mem, magic)
	native.PutUint32(mem[headVersion:], version)
	native.PutUint32(mem[headSeed:], r.seed)
	put64(mem[headPID:], int64(os.Getpid()))
	put64(mem[headWall:], r.began.UnixNano())
	put64(mem[headBoot:], r.clock.at(r.began))
	native.PutUint32(mem[headSum:], headerSum(mem))
	return r
}

func headerSum(b []byte) uint32 { return sum(version, b[headSeed:headEnd]) }

// Close marks the record as ended in order. What is recorded afterwards is
// lost, and harms nothing. It is safe to call twice, and to call while others
// record.
func (r *Recorder) Close() error {
	r.closing.Do(func() { r.closeErr = r.close() })
	return r.closeErr
}

func (r *Recorder) close() error {
	if r.file == nil {
		return nil
	}
	r.stopWriters()
	defer r.startWriters()
	(*atomic.Uint32)(unsafe.Pointer(&r.mem[headClean])).Store(1)
	// Whoever still holds a slot goes on writing to this address, and must
	// reach neither a hole nor the file, which is the next run's from now on.
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&r.mem[0]), fileSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED)
	if err != nil {
		return fmt.Errorf("unmap the flight recorder's file: %w", err)
	}
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("close the flight recorder's file: %w", err)
	}
	return nil
}

// stopWriters waits for all but the slots, which have no lock.
func (r *Recorder) stopWriters() {
	r.samples.mu.Lock()
	r.notes.mu.Lock()
	r.lines.mu.Lock()
}

func (r *Recorder) startWriters() {
	r.lines.mu.Unlock()
	r.notes.mu.Unlock()
	r.samples.mu.Unlock()
}
