"""A worker that serves GET / on a port of its own, and keeps what its mechanism keeps.

It prints the port, and answers each request with three numbers: requests served, bytes
that it has leaked, and 0 for goroutines, which it has none of.
"""

import collections
import ctypes
import gc
import http.server
import os
import socket
import sys
import threading
import time

mechanism, size = sys.argv[1], int(sys.argv[2])
place = sys.argv[3]
kept, cache, listeners = {}, collections.OrderedDict(), []
served = leaked = 0
began = time.monotonic()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]


class Cycle:
    def __init__(self, n):
        self.body, self.me = bytearray(n), self


def leak(n):
    global leaked
    leaked += n
    return bytearray(n)


def work(n):
    global leaked, cache
    scratch = bytearray(64 << 10)  # what every request needs for a moment
    if mechanism == "map":
        kept[n] = leak(size)
    elif mechanism == "listener":
        listeners.append(lambda event, body=leak(size): body)
    elif mechanism == "thread":
        if n % 20 == 0:
            held = leak(20 * size)
            threading.Thread(target=lambda held=held: threading.Event().wait(), daemon=True).start()
    elif mechanism == "unclosed":
        if n % 10 == 0:
            kept[n] = (socket.socketpair(), leak(10 * size))
    elif mechanism == "native":
        ctypes.memset(libc.malloc(size), 1, size)
        leaked += size
    elif mechanism == "lru":
        cache[n] = bytearray(4 * size)
        if len(cache) > 2000:
            cache.popitem(last=False)
    elif mechanism == "zipf":  # popular keys come again, so it fills ever slower
        key = hash(str(n)) % 100_000 % (1 + hash(str(-n)) % 2000)
        cache[key] = bytearray(4 * size)
    elif mechanism == "lazy":
        if len(kept) < 600:
            kept[n] = bytearray(12 * size)
    elif mechanism == "cycles":
        Cycle(16 * size)
        if n % 500 == 0:
            gc.collect()
    elif mechanism == "pagecache":
        with open(place, "ab" if n < 1000 else "rb") as file:
            if n < 1000:
                file.write(scratch)
            else:
                file.seek(n % 900 * len(scratch))
                file.read(len(scratch))
    elif mechanism == "logrotate":
        with open(place, "ab") as file:
            file.write(scratch)
            if file.tell() > 32 << 20:
                os.rename(place, place + ".1")
    elif mechanism not in ("clean", "timer"):
        sys.exit("unknown mechanism " + mechanism)
    return scratch


def tick():
    """Leaks by the clock, whatever is asked."""
    n = 0
    while True:
        time.sleep(0.25)
        n -= 1
        kept[n] = leak(size)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global served
        served += 1
        work(served)
        body = f"{served} {leaked} 0".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if mechanism == "cycles":
    gc.disable()
if mechanism == "timer":
    threading.Thread(target=tick, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("port", server.server_address[1], flush=True)
server.serve_forever()
