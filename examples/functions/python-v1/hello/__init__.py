import azure.functions as func


def main(req: func.HttpRequest) -> func.HttpResponse:
    name = req.route_params.get("name", "world")
    return func.HttpResponse(
        f"Hello, {name}! You sent {len(req.get_body())} bytes.\n",
        headers={"X-Handler": "python-v1"}, mimetype="text/plain")
