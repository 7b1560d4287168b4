"""Reads a blob that the host hands over, in pieces, as a memory-conscious author would."""
import hashlib
import json

import azure.functions as func

app = func.FunctionApp()


@app.function_name("read")
@app.queue_trigger(arg_name="job", queue_name="read", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="blob", path="payloads/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="done", queue_name="done", connection="AzureWebJobsStorage")
def read(job: func.QueueMessage, blob: func.InputStream, done: func.Out[str]) -> None:
    digest, size = hashlib.sha256(), 0
    while piece := blob.read(64 << 10):
        digest.update(piece)
        size += len(piece)
    done.set(json.dumps({"bytes": size, "sha256": digest.hexdigest()}))
