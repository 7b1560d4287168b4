"""A web server with Python's standard library alone, which takes work too."""
import hashlib
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def pieces(reader, size=65536):
    while piece := reader.read(size):
        yield piece


def resize(request):
    """A message: the name of an image. The image is read by URL, the thumb written by one."""
    name, source = request.body().decode(), request.headers["Stanch-Url-image"]
    if source is None:
        return request.answer(404, f"there is no image {name}\n")
    digest, total, thumb = hashlib.sha256(), 0, b""
    with urllib.request.urlopen(source) as image:
        for piece in pieces(image):
            digest.update(piece)
            total += len(piece)
            thumb = (thumb + piece)[:1000]
    put = urllib.request.Request(request.headers["Stanch-Url-thumb"], thumb, {"Content-Type": "image/jpeg"}, method="PUT")
    urllib.request.urlopen(put).close()
    request.answer(200, json.dumps({"image": name, "bytes": total, "sha256": digest.hexdigest()}))


def arrived(request):
    """A blob: its bytes are the body."""
    size = sum(len(piece) for piece in pieces(request.rest()))
    request.answer(200, json.dumps({"name": request.headers["Stanch-Meta-name"], "bytes": size}))


def tick(request):
    late = json.loads(request.body())["IsPastDue"]
    request.answer(200, f"tick, past due: {json.dumps(late)}")


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    work = {"/resize": resize, "/arrived": arrived, "/tick": tick}

    def do_GET(self):  # a client's
        self.answer(200, f"Hello, {self.path.rpartition('/')[2] or 'world'}!\n")

    def do_POST(self):
        function = self.work.get(self.path)
        if function is None:
            return self.answer(404, "no such function\n")
        try:
            function(self)
        except Exception as error:  # any status but 2xx: the message comes again
            self.close_connection = True
            self.answer(500, f"{error!r}\n")

    def rest(self):
        """The body, read as it comes."""
        return Body(self.rfile, int(self.headers["Content-Length"]))

    def body(self):
        return self.rest().read(1 << 20)

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Body:
    def __init__(self, stream, size):
        self.stream, self.left = stream, size

    def read(self, size):
        piece = self.stream.read(min(size, self.left))
        self.left -= len(piece)
        return piece


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Server).serve_forever()
