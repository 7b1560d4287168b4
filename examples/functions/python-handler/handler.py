"""A custom handler of Azure Functions with Python's standard library alone."""
import base64
import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def text(value):
    """Azure's host puts JSON strings into JSON strings."""
    try:
        inner = json.loads(value)
    except ValueError:
        return value
    return inner if isinstance(inner, str) else value


def resize(data, metadata):
    image, name = base64.b64decode(data["image"]), text(data["job"])
    done = {"image": name, "bytes": len(image), "sha256": hashlib.sha256(image).hexdigest()}
    return {"Outputs": {"done": json.dumps(done)}, "Logs": [f"{name} has {len(image)} bytes"]}


def arrived(data, metadata):
    arrival = {"name": text(metadata["name"]), "bytes": len(base64.b64decode(data["file"]))}
    return {"Outputs": {"arrivals": json.dumps(arrival)}}


def tick(data, metadata):
    return {"Outputs": {"ticks": f"tick, past due: {json.dumps(data['timer']['IsPastDue'])}"}}


def hello(data, metadata):
    request = data["req"]
    name, size = request.get("Params", {}).get("name", "world"), len(text(request.get("Body") or "").encode())
    return {"Outputs": {"res": {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain", "X-Handler": "python"},
        "body": f"Hello, {name}! You sent {size} bytes.\n",
    }}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    functions = {"/resize": resize, "/arrived": arrived, "/tick": tick, "/hello": hello}

    def do_GET(self):
        self.answer(404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        function = self.functions.get(self.path)
        if function is None:
            return self.answer(404, b"")
        try:
            invocation = json.loads(body)
            self.answer(200, json.dumps(function(invocation["Data"], invocation["Metadata"])).encode())
        except Exception as error:
            self.answer(500, repr(error).encode(), "text/plain")

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(os.environ.get("FUNCTIONS_CUSTOMHANDLER_PORT", 8080))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
