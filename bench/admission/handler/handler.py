"""Reads all of a blob into memory and digests it, as most functions do."""
import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Data"]
        try:
            with urlopen(data["blob"]) as source:
                body = source.read()
            done = json.dumps({"name": data["job"], "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()})
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


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])), Handler).serve_forever()
