"""The stream loop around Azure's worker libraries, for want of the published one.

    loop.py --host H --port P --workerId W --requestId R ...

From Python 3.13 on Azure's worker is two packages, azure_functions_runtime and
azure_functions_runtime_v1, and a program that reads the stream and hands them
each message. The packages are to be had from PyPI, the program is not. This one
does the same with as little as goes: it logs through the stream, and it answers
WorkerStatus by itself.
"""
import argparse
import asyncio
import contextvars
import importlib
import logging
import os
import queue
import sys
import threading
import types

import grpc
# The package of the first model carries the code of the original definition.
from tests import protos

arguments = argparse.ArgumentParser()
for name in ("host", "port", "workerId", "requestId"):
    arguments.add_argument("--" + name)
options, _ = arguments.parse_known_args()

invocation = contextvars.ContextVar("invocation", default=None)
out = queue.Queue()


def message(request_id, **content):
    return protos.StreamingMessage(request_id=request_id, **content)


class ToHost(logging.Handler):
    LEVELS = ((logging.CRITICAL, 5), (logging.ERROR, 4), (logging.WARNING, 3), (logging.INFO, 2), (logging.DEBUG, 1))

    def emit(self, record):
        level = next((wire for least, wire in self.LEVELS if record.levelno >= least), 0)
        system = record.name.split(".")[0] in ("azure", "grpc", "asyncio")
        current = invocation.get() or (library.invocation_id_cv.get() if library else None)
        out.put(message(options.requestId, rpc_log=protos.RpcLog(
            level=level, message=self.format(record), category=record.name,
            log_category=1 if system else 0, invocation_id=current)))


library = None


def choose(directory):
    """The second model has a function_app.py."""
    global library
    sys.path.append(directory)
    v2 = os.path.exists(os.path.join(directory, os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")))
    library = importlib.import_module("azure_functions_runtime" if v2 else "azure_functions_runtime_v1")
    library.start_threadpool_executor()


# What the host asks, and the field that the answer goes into.
QUESTIONS = {
    "worker_init_request": "worker_init_response",
    "functions_metadata_request": "function_metadata_response",
    "function_load_request": "function_load_response",
    "invocation_request": "invocation_response",
}


async def answer(request):
    kind = request.WhichOneof("content")
    if kind == "worker_status_request":
        out.put(message(request.request_id, worker_status_response=protos.WorkerStatusResponse()))
        return
    if kind not in QUESTIONS:
        logging.getLogger("azure.functions").error("unknown message %s", kind)
        return
    if kind == "worker_init_request":
        choose(request.worker_init_request.function_app_directory)
    if kind == "invocation_request":
        invocation.set(request.invocation_request.invocation_id)
    wrapped = types.SimpleNamespace(name=kind, request=request, properties={"protos": protos, "host": options.host})
    reply = await getattr(library, kind)(wrapped)
    out.put(message(options.requestId, **{QUESTIONS[kind]: reply}))


def read(loop, ended):
    channel = grpc.insecure_channel(f"{options.host}:{options.port}", [
        ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
    try:
        for request in protos.FunctionRpcStub(channel).EventStream(iter(out.get, None)):
            asyncio.run_coroutine_threadsafe(answer(request), loop)
    finally:
        loop.call_soon_threadsafe(ended.set)


async def main():
    out.put(message(options.requestId, start_stream=protos.StartStream(worker_id=options.workerId)))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(ToHost())
    ended = asyncio.Event()
    threading.Thread(target=read, args=(asyncio.get_running_loop(), ended), daemon=True).start()
    await ended.wait()

asyncio.run(main())
