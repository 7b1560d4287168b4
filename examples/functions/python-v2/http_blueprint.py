import azure.functions as func

blueprint = func.Blueprint()


@blueprint.route(route="hello/{name?}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def hello(req: func.HttpRequest) -> func.HttpResponse:
    name = req.route_params.get("name", "world")
    return func.HttpResponse(
        f"Hello, {name}! You sent {len(req.get_body())} bytes.\n",
        headers={"X-Handler": "python-v2"}, mimetype="text/plain")
