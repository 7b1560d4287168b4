"""What the worker was asked to keep, and what Python says of it."""

import ctypes
import gc
import mmap
import platform
import threading
import time

PAGE = mmap.PAGESIZE


def libc():
    try:
        c = ctypes.CDLL(None)
        c.malloc.restype = ctypes.c_void_p
        c.malloc.argtypes = [ctypes.c_size_t]
        c.free.argtypes = [ctypes.c_void_p]
        return c
    except (OSError, AttributeError):
        return None


C = libc()


def touched(size):
    """So many bytes with every page written, so that they are resident."""
    return bytearray(b"\1") * size


class Held:
    def __init__(self, stop_at):
        self.stop_at = stop_at  # leaks by /work and by growth end here; 0 never ends them
        self.leaked = self.filled = self.requests = 0
        self.leaks, self.pointers, self.cache = [], [], []
        self.lock = threading.Lock()

    def request(self):
        with self.lock:
            self.requests += 1
            return self.requests

    def keep(self, size):
        if size <= 0:
            return
        piece = touched(size)
        with self.lock:
            self.leaks.append(piece)
            self.leaked += size

    def keep_until_stop(self, size):
        if not self.stop_at or self.leaked < self.stop_at:
            self.keep(size)

    def keep_native(self, size):
        """Leak where Python's collector does not look."""
        pointer = C.malloc(size)
        ctypes.memset(pointer, 1, size)
        with self.lock:
            self.pointers.append(pointer)
            self.leaked += size

    def fill(self, mb):
        """Hold so much, as a cache would: a second call replaces the first."""
        self.cache = []
        self.cache = [touched(1 << 20) for _ in range(mb)]
        self.filled = mb << 20

    def free(self):
        """Drop everything, and give it back to the system."""
        with self.lock:
            for pointer in self.pointers:
                C.free(pointer)
            self.leaks, self.pointers, self.cache = [], [], []
            self.leaked = self.filled = 0
        gc.collect()
        if C is not None and hasattr(C, "malloc_trim"):
            C.malloc_trim(0)

    def grow(self, mbps, beat=0.05):
        """Leak so many MiB a second with no load at all."""
        owed, last = 0.0, time.monotonic()
        while True:
            time.sleep(beat)
            now = time.monotonic()
            owed, last = owed + mbps * (1 << 20) * (now - last), now
            self.keep_until_stop(int(owed))
            owed -= int(owed)


def spike(mb, mbps, step=4):
    """Take mb at mbps MiB a second; all of it is let go on return."""
    taken, start = [], time.monotonic()
    for got in range(0, mb, step):
        taken.append(touched(min(step, mb - got) << 20))
        time.sleep(max(start + (got + step) / mbps - time.monotonic(), 0))


def metrics(held):
    """Prometheus text with the names of its Python client."""
    with open("/proc/self/statm") as f:
        virtual, resident = (int(n) * PAGE for n in f.read().split()[:2])
    lines = []

    def tell(name, kind, *values):
        lines.append("# TYPE %s %s" % (name, kind))
        lines.extend("%s%s %s" % (name, label, value) for label, value in values)

    generations = list(enumerate(gc.get_stats()))
    for name, key in (("collections", "collections"), ("objects_collected", "collected"), ("objects_uncollectable", "uncollectable")):
        tell("python_gc_%s_total" % name, "counter", *(('{generation="%d"}' % i, g[key]) for i, g in generations))
    major, minor, patch = platform.python_version_tuple()
    tell("python_info", "gauge", ('{implementation="%s",major="%s",minor="%s",patchlevel="%s",version="%s"}' % (
        platform.python_implementation(), major, minor, patch, platform.python_version()), 1))
    tell("process_virtual_memory_bytes", "gauge", ("", virtual))
    tell("process_resident_memory_bytes", "gauge", ("", resident))
    tell("leaked_bytes", "counter", ("", held.leaked))
    tell("requests_total", "counter", ("", held.requests))
    return "\n".join(lines) + "\n"
