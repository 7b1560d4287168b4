"""Adds up a blob that it reads in pieces, from the URL that it is given for it."""
import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen


def total(url, name):
    digest, size = hashlib.sha256(), 0
    with urlopen(url) as blob:
        length = int(blob.headers["Content-Length"])
        while piece := blob.read(64 << 10):
            digest.update(piece)
            size += len(piece)
    if size != length:
        raise EOFError(f"the blob ended after {size} of {length} bytes")
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            done = json.dumps(total(invocation["Data"]["blob"], invocation["Metadata"]["name"]))
            self.answer(200, json.dumps({"Outputs": {"done": done}}).encode())
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
    port = int(os.environ.get("FUNCTIONS_CUSTOMHANDLER_PORT", 8080))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
