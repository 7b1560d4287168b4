import hashlib
import json
import logging

import azure.functions as func


def main(job: func.QueueMessage, image: func.InputStream, done: func.Out[str]) -> None:
    name, body = job.get_body().decode(), image.read()
    logging.info("%s has %d bytes", name, len(body))
    done.set(json.dumps({"image": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}))
