"""Adds up a blob and writes it on. It reads it in pieces, from the URL that it is given for it."""
import hashlib
import json
import os
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

# Where the blob is written on to, a pause stands for it: so long for each blob, and
# so many bytes in a second. Without the variables it takes no time.
WRITE_SECONDS = float(os.environ.get("WRITE_SECONDS", 0))
WRITE_BYTES_A_SECOND = float(os.environ.get("WRITE_BYTES_A_SECOND", "inf"))

PIECE = 1 << 20


def total(url, name):
    digest, size = hashlib.sha256(), 0
    with urlopen(url) as blob:
        length = int(blob.headers["Content-Length"])
        piece = memoryview(bytearray(min(length, PIECE) or 1))
        while count := blob.readinto(piece):
            digest.update(piece[:count])
            time.sleep(count / WRITE_BYTES_A_SECOND)
            size += count
    if size != length:
        raise EOFError(f"the blob ended after {size} of {length} bytes")
    time.sleep(WRITE_SECONDS)
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        try:
            invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            done = json.dumps(total(invocation["Data"]["blob"], invocation["Metadata"]["name"]))
            self.answer(200, json.dumps({"Outputs": {"done": done}}).encode())
        except Exception as error:
            traceback.print_exc()
            self.answer(500, repr(error).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    threading.stack_size(512 << 10)  # as its twin has it
    port = int(os.environ.get("FUNCTIONS_CUSTOMHANDLER_PORT", 8080))
    Server(("127.0.0.1", port), Handler).serve_forever()
