"""Reads the body of a request in pieces: a worker of plain HTTP."""
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        digest, size, left = hashlib.sha256(), 0, int(self.headers["Content-Length"])
        while piece := self.rfile.read(min(left, 64 << 10)):
            digest.update(piece)
            size, left = size + len(piece), left - len(piece)
        body = json.dumps({"bytes": size, "sha256": digest.hexdigest()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
