"""Adds up a blob and writes it on. It gets the blob whole: base64 in JSON, as custom handlers do."""
import base64
import hashlib
import json
import os
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Where the blob is written on to, a pause stands for it: so long for each blob, and
# so many bytes in a second. Without the variables it takes no time.
WRITE_SECONDS = float(os.environ.get("WRITE_SECONDS", 0))
WRITE_BYTES_A_SECOND = float(os.environ.get("WRITE_BYTES_A_SECOND", "inf"))


def write(count):
    time.sleep(WRITE_SECONDS + count / WRITE_BYTES_A_SECOND)


def total(payload, name):
    body = base64.b64decode(payload)
    digest = hashlib.sha256(body)
    write(len(body))
    return {"name": name, "bytes": len(body), "sha256": digest.hexdigest()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        try:
            invocation = json.loads(self.body())
            done = json.dumps(total(invocation["Data"]["blob"], invocation["Metadata"]["name"]))
            self.answer(200, json.dumps({"Outputs": {"done": done}}).encode())
        except Exception as error:
            traceback.print_exc()
            self.answer(500, repr(error).encode())

    def body(self):
        size = int(self.headers["Content-Length"])
        try:
            return self.rfile.read(size)
        except MemoryError:
            while size > 0:  # the answer comes after the request, whatever it is
                size -= len(self.rfile.read(min(size, 1 << 16)))
            raise

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
    threading.stack_size(512 << 10)  # what is bounded is to be blobs, not stacks
    port = int(os.environ.get("FUNCTIONS_CUSTOMHANDLER_PORT", 8080))
    Server(("127.0.0.1", port), Handler).serve_forever()
