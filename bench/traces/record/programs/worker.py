"""A worker that serves pretended requests, ten times a second some, and keeps what its mechanism keeps.

Each tenth of a second it prints: requests served, bytes that it has leaked.
"""

import gc
import socket
import sys
import threading
import time

mechanism, a_request = sys.argv[1], int(sys.argv[2])
kept, cache, listeners = {}, {}, []
served = leaked = 0
began = time.monotonic()


class Cycle:
    def __init__(self, size):
        self.body, self.me = bytearray(size), self


def serve(n):
    global leaked
    body = bytearray(a_request)
    if mechanism == "map":
        kept[n] = body
        leaked += a_request
    elif mechanism == "listener":
        listeners.append(lambda event, body=body: body)
        leaked += a_request
    elif mechanism == "thread":
        if n % 40 == 0:
            held = bytearray(40 * a_request)
            threading.Thread(target=lambda held=held: threading.Event().wait(), daemon=True).start()
            leaked += 40 * a_request
    elif mechanism == "unclosed":
        if n % 10 == 0:
            pair = socket.socketpair()
            kept[n] = (pair, bytearray(10 * a_request))
            leaked += 10 * a_request
    elif mechanism == "lru":
        cache[n % 700] = bytearray(16 * a_request)
    elif mechanism == "zipf":
        # Popular keys come again, so the cache fills ever slower.
        key = (n * 2654435761 % 4096) % (1 + (n * 40503 % 1500))
        cache[key] = bytearray(16 * a_request)
    elif mechanism == "lazy":
        if len(kept) < 400 and time.monotonic() - began > 3:
            kept[n] = bytearray(16 * a_request)
    elif mechanism == "cycles":
        Cycle(64 * a_request)
        if n % 200 == 0:
            gc.collect()
    elif mechanism == "clean":
        pass
    else:
        sys.exit("unknown mechanism " + mechanism)


if mechanism == "cycles":
    gc.disable()
while True:
    for _ in range(10):
        served += 1
        serve(served)
    print(served, leaked, flush=True)
    time.sleep(0.1)
