"""A custom handler with the standard library alone: it takes a blob as base64 or as a URL."""
import base64
import hashlib
import io
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen


def read(value):
    source = urlopen(value) if value.startswith("http://") else io.BytesIO(base64.b64decode(value))
    digest, size = hashlib.sha256(), 0
    with source:
        while piece := source.read(64 << 10):
            digest.update(piece)
            size += len(piece)
    return json.dumps({"bytes": size, "sha256": digest.hexdigest()})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.answer(200, json.dumps({"Outputs": {"done": read(invocation["Data"]["blob"])}}).encode())
        except Exception as error:
            self.answer(500, repr(error).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])), Handler).serve_forever()
