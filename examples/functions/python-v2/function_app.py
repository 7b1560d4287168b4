import hashlib
import json
import logging

import azure.functions as func

from http_blueprint import blueprint

app = func.FunctionApp()
app.register_functions(blueprint)


@app.queue_trigger(arg_name="job", queue_name="jobs", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="image", path="images/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="done", queue_name="done", connection="AzureWebJobsStorage")
def resize(job: func.QueueMessage, image: func.InputStream, done: func.Out[str]) -> None:
    name, body = job.get_body().decode(), image.read()
    logging.info("%s has %d bytes", name, len(body))
    done.set(json.dumps({"image": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}))


@app.blob_trigger(arg_name="file", path="incoming/{name}", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="arrivals", queue_name="arrivals", connection="AzureWebJobsStorage")
def arrived(file: func.InputStream, arrivals: func.Out[str]) -> None:
    # The name of a blob has its container before it.
    name = file.name.split("/", 1)[1]
    arrivals.set(json.dumps({"name": name, "bytes": len(file.read())}))


@app.timer_trigger(arg_name="timer", schedule="%TICK%", run_on_startup=False)
@app.queue_output(arg_name="ticks", queue_name="ticks", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest, ticks: func.Out[str]) -> None:
    ticks.set(f"tick, past due: {json.dumps(timer.past_due)}")
