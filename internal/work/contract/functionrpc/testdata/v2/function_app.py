import hashlib
import json
import logging
import sys
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("resize")
@app.queue_trigger(arg_name="msg", queue_name="jobs", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="image", path="images/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="again", queue_name="jobs", connection="AzureWebJobsStorage")
def resize(msg: func.QueueMessage, image: func.InputStream, again: func.Out[str], context: func.Context) -> None:
    body = image.read()
    logging.info("read %d bytes", len(body))
    logging.warning("a warning")
    logging.error("an error")
    again.set(json.dumps({
        "body": msg.get_body().decode(),
        "id": msg.id,
        "dequeue_count": msg.dequeue_count,
        "inserted": msg.insertion_time.isoformat() if msg.insertion_time else None,
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "invocation": context.invocation_id,
        "trace": context.trace_context.trace_parent,
        "retry": context.retry_context.retry_count,
    }))


@app.function_name("pieces")
@app.queue_trigger(arg_name="msg", queue_name="pieces", connection="AzureWebJobsStorage")
@app.blob_input(arg_name="image", path="images/{queueTrigger}", connection="AzureWebJobsStorage", data_type="BINARY")
@app.queue_output(arg_name="again", queue_name="jobs", connection="AzureWebJobsStorage")
def pieces(msg: func.QueueMessage, image: func.InputStream, again: func.Out[str]) -> None:
    digest, size = hashlib.sha256(), 0
    while piece := image.read(65536):
        digest.update(piece)
        size += len(piece)
    again.set(json.dumps({"size": size, "sha256": digest.hexdigest()}))


@app.function_name("tick")
@app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
@app.blob_output(arg_name="report", path="reports/{rand-guid}", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest, report: func.Out[str]) -> None:
    report.set(json.dumps({"past_due": timer.past_due, "last": timer.schedule_status["Last"]}))


@app.function_name("hello")
@app.route(route="hello/{name}", methods=["GET", "POST"])
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(
        f"{req.method} {req.url} {req.route_params['name']} {req.params.get('q')} {req.headers.get('X-One')} {req.get_body()!r}",
        status_code=201, headers={"X-Answer": "42"}, mimetype="text/plain")


@app.function_name("large")
@app.queue_trigger(arg_name="msg", queue_name="large", connection="AzureWebJobsStorage")
@app.blob_output(arg_name="copy", path="copies/{rand-guid}", connection="AzureWebJobsStorage")
def large(msg: func.QueueMessage, copy: func.Out[bytes]) -> None:
    copy.set(bytes(range(256)) * (int(msg.get_body()) // 256))


@app.function_name("fail")
@app.queue_trigger(arg_name="msg", queue_name="fail", connection="AzureWebJobsStorage")
def fail(msg: func.QueueMessage) -> None:
    raise ValueError("no good: " + msg.get_body().decode())


@app.function_name("leave")
@app.queue_trigger(arg_name="msg", queue_name="leave", connection="AzureWebJobsStorage")
def leave(msg: func.QueueMessage) -> None:
    logging.info("leaving")
    if msg.get_body() == b"exit":
        sys.exit(3)
    time.sleep(600)
