import logging

import azure.functions as func

app = func.FunctionApp()
stopped = False


@app.queue_trigger(arg_name="msg", queue_name="loop", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="image", path="images/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="again", queue_name="loop", connection="AzureWebJobsStorage")
def loop(msg: func.QueueMessage, image: func.InputStream, again: func.Out[str]) -> None:
    global stopped
    name, body = msg.get_body().decode(), image.read()
    logging.info("%s has %d bytes", name, len(body))
    stopped = stopped or name == "stop"
    if not stopped:
        again.set(name)
