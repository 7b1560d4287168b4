import hashlib
import logging

import azure.functions as func


def main(msg: func.QueueMessage, image: func.InputStream) -> str:
    body = image.read()
    logging.info("hashing %d bytes", len(body))
    return "%s %d %s" % (msg.get_body().decode(), len(body), hashlib.sha256(body).hexdigest())
