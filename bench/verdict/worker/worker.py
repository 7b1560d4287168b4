"""The worker of most planted experiments: an HTTP server that does what it is told.

python3 worker.py PORT TRAIT ...

A trait says what a request of a path does to memory, to time, or to its answer.
PATH stands for any path that begins with it; N is bytes unless said otherwise.

  keep=PATH:N         keeps N for good, in a dict
  native=PATH:N       the same, by malloc, outside of Python's heap
  cache=PATH:N:COUNT  keeps N, for the first COUNT requests
  odd=PATH:N          keeps N, in every second start of the worker
  uneven=PATH:N:M     keeps N in every second start, and M in the others
  cycle=PATH:N        leaves N behind that only the garbage collector finds
  page=PATH:N         appends N to a file, which stays in the page cache
  hold=PATH:N:MS      holds N for MS milliseconds, then answers
  wait=PATH:MS        answers after MS milliseconds
  block=PATH:MS       keeps everybody waiting for MS milliseconds
  fail=PATH:SHARE     answers 500 to that share
  call=PATH:VARIABLE  asks the dependency whose address is in VARIABLE first; 502 if it fails

and, without a request

  tick=N              keeps N every 10 ms for good
  wander=N            up to N are taken and given back, by a tenth every 50 ms
  starts=COUNT        lives COUNT times; further starts end at once
"""

import asyncio
import collections
import concurrent.futures
import ctypes
import gc
import mmap
import os
import random
import signal
import sys
import time
import urllib.request

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]

STARTS = "starts.txt"  # in the worker's folder: one letter for each start


def pages(size):
    """Memory of its own, past the allocator."""
    taken = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    taken.write(b"x" * size)
    return taken


class Knot:
    """Refers to itself, so that counting references never frees it."""

    def __init__(self, size):
        self.own = self
        self.pages = pages(size)  # given back to the kernel with the knot


class Worker:
    def __init__(self, traits):
        self.kept = {}
        self.cached = {}
        self.made = collections.Counter()
        self.random = random.Random(7)
        self.file = None
        self.pool = concurrent.futures.ThreadPoolExecutor(32)
        self.by_path = []
        self.start = self.count_start() if any(t.split("=")[0] in ("odd", "uneven", "starts") for t in traits) else 1
        self.alone = []
        for trait in traits:
            name, _, rest = trait.partition("=")
            words = rest.split(":")
            if name in ("tick", "wander", "starts"):
                self.alone.append((name, int(rest)))
                continue
            numbers = [w if name == "call" else float(w) for w in words[1:]]
            self.by_path.append((words[0], getattr(self, name), numbers))

    @staticmethod
    def count_start():
        with open(STARTS, "a+") as f:
            f.write("x")
            f.seek(0)
            return len(f.read())

    async def answer(self, path):
        """The status of a request's answer."""
        status = 200
        for prefix, trait, numbers in self.by_path:
            if path.startswith(prefix):
                result = trait(path, *numbers)
                if asyncio.iscoroutine(result):
                    result = await result
                status = max(status, result or 200)
        return status

    def store(self, n):
        if n:
            self.kept[len(self.kept)] = b"x" * int(n)

    def keep(self, path, n):
        self.store(n)

    def native(self, path, n):
        libc.memset(libc.malloc(int(n)), 1, int(n))

    def cache(self, path, n, count):
        if len(self.cached) < count:
            self.cached[len(self.cached)] = b"x" * int(n)

    def odd(self, path, n):
        self.store(n if self.start % 2 else 0)

    def uneven(self, path, n, m):
        self.store(n if self.start % 2 else m)

    def cycle(self, path, n):
        Knot(int(n))

    def page(self, path, n):
        if not self.file:
            self.file = open("pages.bin", "wb", buffering=0)
        self.file.write(b"x" * int(n))

    async def hold(self, path, n, ms):
        held = b"x" * int(n)
        await asyncio.sleep(ms / 1000)
        del held

    async def wait(self, path, ms):
        await asyncio.sleep(ms / 1000)

    def block(self, path, ms):
        time.sleep(ms / 1000)

    def fail(self, path, share):
        return 500 if self.random.random() < share else 200

    async def call(self, path, variable):
        def ask():
            try:
                with urllib.request.urlopen(os.environ[variable], timeout=5) as answer:
                    answer.read()
                    return 200
            except OSError:
                return 502

        return await asyncio.get_running_loop().run_in_executor(self.pool, ask)

    async def tick(self, n):
        began, done = time.monotonic(), 0
        while True:
            await asyncio.sleep(0.01)
            due = int((time.monotonic() - began) / 0.01)
            self.store(n * (due - done))
            done = due

    async def wander(self, n):
        """A walk of random steps between nothing and n, another one in each start."""
        chance, step, held = random.Random(), n // 10, []
        while True:
            if held and (chance.random() < 0.5 or len(held) * step >= n):
                held.pop().close()
            else:
                held.append(pages(step))
            await asyncio.sleep(0.05)

    async def starts(self, count):
        if self.start > count:
            print(f"start {self.start} of {count}: no more", flush=True)
            os._exit(3)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection: a request at a time."""

    def __init__(self, worker):
        self.worker = worker
        self.data = b""
        self.task = None

    def connection_made(self, transport):
        self.transport = transport
        transport.max_size = 16384  # a buffer of each read, which has to fit where little does

    def connection_lost(self, reason):
        if self.task:
            self.task.cancel()

    def data_received(self, data):
        self.data += data
        self.next()

    def next(self):
        head, end, rest = self.data.partition(b"\r\n\r\n")
        if self.task or not end:
            return
        lines = head.split(b"\r\n")
        size = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
        if len(rest) < size:
            return
        self.data = rest[size:]
        path = lines[0].split(b" ")[1].decode()
        self.task = asyncio.ensure_future(self.serve(path))

    async def serve(self, path):
        try:
            status = await self.worker.answer(path)
        except MemoryError:
            print("MemoryError", flush=True)
            status = 500
        except Exception as e:  # whatever it was, the client gets an answer
            print(f"{path}: {type(e).__name__}", flush=True)
            status = 500
        self.transport.write(b"HTTP/1.1 %d -\r\nContent-Length: 3\r\n\r\nok\n" % status)
        self.task = None
        self.next()


async def main(port, traits):
    worker = Worker(traits)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    tasks = [asyncio.ensure_future(getattr(worker, name)(n)) for name, n in worker.alone]
    await asyncio.sleep(0)  # so that a start too many ends before anybody connects
    server = await loop.create_server(lambda: Connection(worker), "127.0.0.1", port)
    print("ready", flush=True)
    await stop.wait()
    for task in tasks:
        task.cancel()
    server.close()


if __name__ == "__main__":
    gc.set_threshold(200, 2, 2)  # so that a run of seconds sees the collector at work
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
