"""The functions of the contracts' suite, for Azure's Python worker.

As they stand they are of the first programming model; function_app.py makes the
second out of them. What they note goes to the file that SUITE_JOURNAL names.
"""
import datetime
import hashlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import threading

import azure.functions as func


def taken(payload, context):
    """The payload as bytes, whatever the binding made of it."""
    if payload is None:
        body = b""
    elif isinstance(payload, str):
        body = payload.encode()
    elif isinstance(payload, func.QueueMessage):
        body = payload.get_body()
    elif isinstance(payload, func.InputStream):
        body = payload.read()
    else:
        body = payload
    note("whole", context)
    return body


def note(what, context):
    with open(os.environ["SUITE_JOURNAL"], "a") as journal:
        journal.write("%s %s\n" % (what, context.invocation_id))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def facts(payload):
    """What a binding shows of the trigger, by the names that it came under."""
    if not isinstance(payload, func.QueueMessage) or payload.id is None:
        return None
    inserted = payload.insertion_time.astimezone(datetime.timezone.utc)
    return {
        "id": payload.id,
        "dequeuecount": str(payload.dequeue_count),
        "insertiontime": inserted.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def read(payload, out: func.Out[str], context: func.Context) -> None:
    body = taken(payload, context)
    retry = getattr(context, "retry_context", None)
    trace = getattr(context, "trace_context", None)
    out.set(json.dumps({
        "Size": len(body),
        "Digest": hashlib.sha256(body).hexdigest(),
        "ID": context.invocation_id,
        "Trace": getattr(trace, "trace_parent", None) or getattr(trace, "Traceparent", ""),  # in 2020
        "Metadata": facts(payload),
        "Count": retry.retry_count if retry else 0,
        "Max": retry.max_retry_count if retry else 0,
    }))


readbytes = read


def echo(payload, out: func.Out[str], context: func.Context) -> None:
    out.set(taken(payload, context).decode())


def echobytes(payload, out: func.Out[bytes], context: func.Context) -> None:
    out.set(taken(payload, context))


def makebytes(payload, out: func.Out[bytes], context: func.Context) -> None:
    size = int(taken(payload, context))
    block = bytes((i >> 8) & 255 ^ (i * 31) & 255 for i in range(65537))
    out.set((block * (size // len(block) + 1))[:size])


def log(payload, out: func.Out[str], context: func.Context) -> None:
    taken(payload, context)
    logging.info("first of %s", context.invocation_id)
    logging.info("second of %s", context.invocation_id)


def fail(payload, out: func.Out[str], context: func.Context) -> None:
    raise ValueError("no good: " + taken(payload, context).decode())


def garbage(payload, out: func.Out[str], context: func.Context) -> None:
    """The worker says of it that it is JSON."""
    taken(payload, context)
    out.set([float("nan")])


def half(payload, out: func.Out[str], context: func.Context) -> None:
    """The head of a frame of HTTP/2 and a piece of what it announces."""
    taken(payload, context)
    port = int(sys.argv[sys.argv.index("--port") + 1])
    frame = struct.pack(">I", 1000)[1:] + struct.pack(">BBI", 0, 0, 1) + b"half"
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            connection = socket.socket(fileno=os.dup(int(descriptor)))
            if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getpeername()[1] == port:
                connection.send(frame)
                die()
        except OSError:
            pass
    raise RuntimeError("the connection to the host is not found")


def hang(payload, out: func.Out[str], context: func.Context) -> None:
    taken(payload, context)
    threading.Event().wait()


def diebefore(payload, out: func.Out[str], context: func.Context) -> None:
    """Its host has a worker killed before this runs."""
    raise RuntimeError("it was to be dead")


diewhile = diebefore


def dieafter(payload, out: func.Out[str], context: func.Context) -> None:
    taken(payload, context)
    die()


def hello(payload: func.HttpRequest) -> func.HttpResponse:
    path = "/" + payload.url.split("/", 3)[3]
    return func.HttpResponse(payload.get_body(), status_code=201, headers={
        "X-Answer": "%s %s %s" % (payload.method, path, payload.headers.get("X-One")),
    })
