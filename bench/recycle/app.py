"""The endpoints of the mix as a WSGI application, for gunicorn."""


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
        return [body]
    if path == "/stream":
        kb = int(environ["QUERY_STRING"].partition("kb=")[2] or 64)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (block(k) for k in range(kb))
    body = b'{"ok":true}'
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def block(k):
    head = b"%08d " % k
    return head + bytes([97 + k % 26]) * (1023 - len(head)) + b"\n"
