"""Reads all of a blob that the host hands over, and digests it."""
import hashlib
import json

import azure.functions as func

app = func.FunctionApp()


@app.function_name("read")
@app.queue_trigger(arg_name="job", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="blob", path="payloads/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="done", queue_name="%QUEUE%-done", connection="AzureWebJobsStorage")
def read(job: func.QueueMessage, blob: func.InputStream, done: func.Out[str]) -> None:
    body = blob.read()
    done.set(json.dumps({"name": job.get_body().decode(), "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}))
