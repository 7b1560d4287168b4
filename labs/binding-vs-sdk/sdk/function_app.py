import logging
import os

import azure.functions as func
from azure.storage.blob import BlobServiceClient

app = func.FunctionApp()
images = BlobServiceClient.from_connection_string(os.environ["AzureWebJobsStorage"]).get_container_client("images")
stopped = False


@app.queue_trigger(arg_name="msg", queue_name="loop", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="again", queue_name="loop", connection="AzureWebJobsStorage")
def loop(msg: func.QueueMessage, again: func.Out[str]) -> None:
    global stopped
    name = msg.get_body().decode()
    body = images.download_blob(name).readall()
    logging.info("%s has %d bytes", name, len(body))
    stopped = stopped or name == "stop"
    if not stopped:
        again.set(name)
