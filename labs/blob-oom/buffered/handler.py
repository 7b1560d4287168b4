"""Adds up a blob that it gets whole: base64 in JSON, as custom handlers do."""
import base64
import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def total(payload, name):
    body = base64.b64decode(payload)
    return {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


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
