"""The functions of the contracts' suite in the second programming model, with
payloads in the kind of binding that SUITE_KIND names."""
import os

import azure.functions as func
import does

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
storage = "AzureWebJobsStorage"
kind = os.environ["SUITE_KIND"]

if kind == "generic":
    trigger = app.generic_trigger(arg_name="payload", type="suiteTrigger")
    output = app.generic_output_binding(arg_name="out", type="suite")
elif kind == "blob":
    trigger = app.blob_trigger(arg_name="payload", path="suite/{name}", connection=storage)
    output = app.blob_output(arg_name="out", path="suite-out/{rand-guid}", connection=storage)
elif kind == "queue":
    trigger = app.queue_trigger(arg_name="payload", queue_name="suite", connection=storage)
    output = app.queue_output(arg_name="out", queue_name="suite-out", connection=storage)
else:
    raise ValueError("no kind of binding is called " + kind)

app.function_name("hello")(app.route(route="hello/{id}", methods=["PUT"], trigger_arg_name="payload")(does.hello))
for name in os.environ["SUITE_FUNCTIONS"].split():
    app.function_name(name)(trigger(output(getattr(does, name))))
