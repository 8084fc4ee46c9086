"""Environment of a function that runs outside this process while AWS is unavailable."""

import base64
import json

ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # no server on this port, so AWS is unavailable
    "VIGIL_STAGE": "local",
    "VIGIL_MODEL_KEYS": json.dumps({"sample": base64.b64encode(bytes(32)).decode()}),
    "POWERTOOLS_TRACE_DISABLED": "true",
}
