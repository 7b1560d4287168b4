import json

import azure.functions as func


def main(file: func.InputStream, arrivals: func.Out[str]) -> None:
    # The name of a blob has its container before it.
    name = file.name.split("/", 1)[1]
    arrivals.set(json.dumps({"name": name, "bytes": len(file.read())}))
