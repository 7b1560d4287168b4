"""A worker to try stanch on: it serves, and it leaks, spikes, stalls or dies on request.

Standard library only: one thread a connection, HTTP/1.1 with keep-alive. The
same endpoints exist in ../go and ../node; ../README.md lists them. Begin with
Handler.routes; memory.py is what leaks, websocket.py the /ws endpoint.
"""

import argparse
import contextlib
import http.server
import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

import memory
import websocket


def number(name):
    """A whole number from the environment; absent and malformed are 0."""
    try:
        return int(os.environ.get(name, "") or 0)
    except ValueError:
        return 0


LEAK_KB = 0
HELD = memory.Held(stop_at=number("LEAK_STOP_MB") << 20)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 << 10  # head and body leave in one write; streams flush themselves

    def routes(self):
        return {
            "/": self.work, "/work": self.work, "/slow": self.slow, "/echo": self.echo,
            "/stream": self.stream, "/sse": self.sse, "/ws": self.ws,
            "/healthz": self.healthz, "/metrics": self.metrics,
            "/leak": self.leak, "/native": self.native, "/fill": self.fill,
            "/spike": self.spike, "/free": self.free,
            "/exit": self.exit, "/garbage": self.garbage,
            "/closeport": self.closeport, "/hang": self.hang,
        }

    def do_GET(self):
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        route = self.routes().get(url.path)
        if route != self.echo:
            for _ in self.body():  # what is left unread would be taken for the next request
                pass
        with self.server.busy(self.connection):
            if route is None:
                self.whole(b"no such endpoint\n", "text/plain", 404)
            else:
                route()
            if self.server.leaving.is_set():
                self.close_connection = True

    do_POST = do_PUT = do_GET

    def handle_expect_100(self):
        proceed = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it
        return proceed

    def ask(self, name, otherwise):
        try:
            return max(int(self.query[name][0]), 0)
        except (KeyError, ValueError):
            return otherwise

    def whole(self, body, kind, code=200):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.server.leaving.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def chunked(self, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    # What serves.

    def answer(self):
        facts = {"pid": os.getpid(), "requests": HELD.request(), "leaked": HELD.leaked, "filled": HELD.filled}
        self.whole(json.dumps(facts).encode(), "application/json")

    def work(self):
        end = time.monotonic() + self.ask("ms", 0) / 1000
        while time.monotonic() < end:
            pass
        HELD.keep_until_stop(LEAK_KB << 10)
        self.answer()

    def slow(self):
        time.sleep(self.ask("ms", 500) / 1000)
        self.answer()

    def healthz(self):
        self.whole(b"ok\n", "text/plain")

    def metrics(self):
        self.whole(memory.metrics(HELD).encode(), "text/plain; version=0.0.4")

    def line(self):
        line = self.rfile.readline(65536)
        if not line.endswith(b"\n"):
            raise ConnectionError("the body ended early")
        return line

    def body(self):
        """The request's body piece by piece; trailers go to self.trailers."""
        self.trailers = []
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.line().split(b";")[0], 16):
                while size:
                    piece = self.rfile.read1(min(size, 64 << 10))
                    if not piece:
                        raise ConnectionError("the body ended early")
                    size -= len(piece)
                    yield piece
                self.line()
            while (line := self.line()) not in (b"\r\n", b"\n"):
                self.trailers.append(line)
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self.rfile.read1(min(left, 64 << 10))
            if not piece:
                raise ConnectionError("the body ended early")
            left -= len(piece)
            yield piece

    def echo(self):
        if length := self.headers.get("Content-Length"):
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", length)
            self.end_headers()
            for piece in self.body():
                self.wfile.write(piece)
            return
        self.chunked("application/octet-stream")
        for piece in self.body():
            self.chunk(piece)
            self.wfile.flush()
        self.wfile.write(b"0\r\n" + b"".join(self.trailers) + b"\r\n")

    def stream(self):
        self.chunked("text/plain")
        pause = self.ask("ms", 0) / 1000
        for k in range(self.ask("kb", 1024)):
            block = b"%08d " % k
            self.chunk(block + bytes([97 + k % 26]) * (1023 - len(block)) + b"\n")
            if k % 16 == 15:
                self.wfile.flush()
                if pause:
                    time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def sse(self):
        self.chunked("text/event-stream")
        pause = self.ask("ms", 100) / 1000
        for i in range(self.ask("n", 10)):
            self.chunk(b"id: %d\ndata: event %d\n\n" % (i, i))
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def ws(self):
        self.close_connection = True
        if key := self.headers.get("Sec-WebSocket-Key"):
            with self.server.upgraded(self.connection) as write:
                websocket.echo(self.rfile, write, key)
        else:
            self.whole(b"this speaks WebSocket\n", "text/plain", 426)

    # What takes memory.

    def leak(self):
        HELD.keep(self.ask("kb", 64) << 10)
        self.answer()

    def native(self):
        HELD.keep_native(self.ask("kb", 24) << 10)
        self.answer()

    def fill(self):
        HELD.fill(self.ask("mb", 100))
        self.answer()

    def spike(self):
        memory.spike(self.ask("mb", 900), max(self.ask("mbps", 1024), 1))
        self.answer()

    def free(self):
        HELD.free()
        self.answer()

    # What goes wrong.

    def exit(self):
        os._exit(self.ask("code", 3))

    def garbage(self):
        self.wfile.write(b"\x00\xff\x13\x37 this is no HTTP\r\n\r\n\x00\x00")
        self.close_connection = True

    def closeport(self):
        self.server.port_closed = True
        self.answer()
        threading.Thread(target=self.server.stop_listening).start()

    def hang(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"h" * 500)
        self.wfile.flush()
        self.rfile.read(1)  # until the client has had enough
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 1024
    daemon_threads = True
    port_closed = False

    def __init__(self, address, family):
        self.address_family = family
        self.leaving = threading.Event()
        self.change = threading.Condition()
        self.idle, self.working, self.upgrades = set(), set(), {}
        super().__init__(address, Handler)

    def process_request(self, request, client_address):
        if self.address_family == socket.AF_INET:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        with self.change:
            self.idle.add(request)
        super().process_request(request, client_address)

    @contextlib.contextmanager
    def busy(self, connection):
        """While inside, this connection is not idle."""
        with self.change:
            self.idle.discard(connection)
            self.working.add(connection)
        try:
            yield
        finally:
            with self.change:
                self.working.discard(connection)
                self.idle.add(connection)
                if self.leaving.is_set():
                    stop_reading(connection)
                self.change.notify_all()

    @contextlib.contextmanager
    def upgraded(self, connection):
        """While inside, finish() says goodbye to this WebSocket."""
        lock = threading.Lock()

        def write(data):
            with lock:
                connection.sendall(data)

        with self.change:
            self.upgrades[connection] = write
        try:
            yield write
        finally:
            with self.change:
                self.upgrades.pop(connection, None)

    def shutdown_request(self, request):
        with self.change:
            self.idle.discard(request)
            self.change.notify_all()
        super().shutdown_request(request)

    def stop_listening(self):
        self.shutdown()
        self.socket.close()

    def finish(self):
        """Take nothing new, answer what has been taken, return when that is done."""
        if not self.port_closed:
            self.stop_listening()
        with self.change:
            self.leaving.set()
            for connection in self.idle:
                stop_reading(connection)
            upgrades = list(self.upgrades.items())
            self.upgrades.clear()
        for connection, write in upgrades:
            with contextlib.suppress(OSError):
                write(websocket.going_away())
        with self.change:
            self.change.wait_for(lambda: not self.working & {c for c, _ in upgrades}, timeout=5)
            for connection, _ in upgrades:
                stop_reading(connection)
            self.change.wait_for(lambda: not self.working and not self.idle)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def stop_reading(connection):
    """The thread reads what has come in, and then the end."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


def listen(port, path):
    if not path:
        return Server(("127.0.0.1", port), socket.AF_INET)
    if os.path.exists(path):
        os.unlink(path)
    return Server(path, socket.AF_UNIX)


def main():
    global LEAK_KB
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="0 takes a free one")
    parser.add_argument("--socket", default=os.environ.get("SOCKET", ""), help="Unix socket, in place of the port")
    parser.add_argument("--leak-kb", type=int, default=number("LEAK_KB"), help="KiB that every /work keeps for good")
    args = parser.parse_args()
    LEAK_KB = args.leak_kb

    if os.environ.get("EXIT_AT_START"):
        sys.exit(number("EXIT_AT_START"))
    for _ in range(number("ORPHANS")):
        subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"], start_new_session=True, check=True)
    # A pipe, not an Event: a handler runs between two instructions of the main
    # thread, also while that holds the lock inside Event.wait.
    stop, stopped = os.pipe()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os.write(stopped, b"x"))
    if os.environ.get("IGNORE_TERM") == "1":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(number("START_MS") / 1000)
    if os.environ.get("NEVER_READY") == "1":
        os.read(stop, 1)
        return

    server = listen(args.port, args.socket)
    if rate := float(os.environ.get("GROW_MBPS") or 0):
        threading.Thread(target=HELD.grow, args=(rate,), daemon=True).start()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    where = args.socket or "127.0.0.1:%d" % server.server_address[1]
    print("listening on", where, flush=True)
    os.read(stop, 1)
    server.finish()


if __name__ == "__main__":
    main()
