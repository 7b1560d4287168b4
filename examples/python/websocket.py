"""The /ws endpoint: RFC 6455 by hand, every message goes back as it came."""

import base64
import hashlib
import struct

CLOSE, PING, PONG = 8, 9, 10
MAX_FRAME = 1 << 20


def echo(rfile, write, key):
    """Serve one client until it goes, or has been told that this worker does."""
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n")
    while True:
        first, payload = read(rfile)
        if first & 15 == PING:
            write(frame(0x80 | PONG, payload))
        elif first & 15 != PONG:
            write(frame(first, payload))
        if first & 15 == CLOSE:
            return


def exactly(rfile, n):
    data = rfile.read(n)
    if len(data) < n:
        raise ConnectionError("the frame ended early")
    return data


def read(rfile):
    first, second = exactly(rfile, 2)
    size = second & 127
    if size == 126:
        size, = struct.unpack(">H", exactly(rfile, 2))
    elif size == 127:
        size, = struct.unpack(">Q", exactly(rfile, 8))
    if size > MAX_FRAME or not second & 128:
        raise ConnectionError("frame too long or not masked")
    mask = exactly(rfile, 4) * (size // 4 + 1)
    data = exactly(rfile, size)
    return first, (int.from_bytes(data, "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")


def going_away():
    return frame(0x80 | CLOSE, struct.pack(">H", 1001))


def frame(first, payload):
    n = len(payload)
    if n < 126:
        return bytes((first, n)) + payload
    if n <= 0xFFFF:
        return struct.pack(">BBH", first, 126, n) + payload
    return struct.pack(">BBQ", first, 127, n) + payload
