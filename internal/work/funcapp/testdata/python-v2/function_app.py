import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="msg", queue_name="items", connection="AzureWebJobsStorage")
def take(msg: func.QueueMessage) -> None:
    pass
