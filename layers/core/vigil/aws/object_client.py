"""Client that reads whole objects of one S3 bucket without botocore's client."""

import re
import time
from collections.abc import Callable
from hashlib import sha256
from http.client import responses
from io import BytesIO
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError

from vigil.aws import client_errors, credentials, signatures
from vigil.aws.attempts import Outcome, RetryRules
from vigil.aws.connections import Connections
from vigil.aws.http_answers import Answer
from vigil.aws.seam import Seam

MAX_OBJECT_BYTES = 64 << 20
"""Maximum size of an object that is read. The body of a larger one is empty."""
_CODE = re.compile("<Code>([^<]+)</Code>")
_MESSAGE = re.compile("<Message>([^<]*)</Message>")
_EMPTY = sha256().hexdigest()
_RETRY_SECONDS = 0.05


class ObjectClient(Seam):
    """Client of one bucket. All operations but `get_object` are those of botocore's client, made on first use.

    The path of the endpoint has the bucket in it, unless its host has. Raises botocore's errors.
    """

    def __init__(self, bucket: str, region: str, connections: Connections, others: Callable[[], Any]) -> None:
        super().__init__("s3", region, connections)
        self._bucket = bucket
        self._others = others
        self._signer = signatures.Signer(region, "s3")
        self._rules = RetryRules(_RETRY_SECONDS)

    def __getattr__(self, name: str) -> Any:
        """Return a method of botocore's client."""
        return getattr(self.__dict__["_others"](), name)

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803 - botocore's names
        """Return `Body` and `ContentLength` of an object; raise ClientError if it does not exist."""
        if Bucket != self._bucket:
            raise ValueError("this client reads another bucket")
        return self._make_api_call("GetObject", {"Bucket": Bucket, "Key": Key})

    def _perform(self, operation: str, arguments: dict[str, Any]) -> Any:
        path = self._connections.endpoint.path + quote(arguments["Key"], safe="/~")
        outcome = self._rules.run(lambda: self._attempt(path), is_repeatable=True)
        if outcome.is_refusal:
            raise ClientError(outcome.members, operation)  # type: ignore[arg-type]  # the stub's members are optional
        return outcome.members

    def _attempt(self, path: str) -> Outcome:
        try:
            answer = self._connections.exchange(self._head(path), max_bytes=MAX_OBJECT_BYTES)
            if not answer.is_complete:
                raise ResponseStreamingError(error="the connection ended within the object")
        except BotoCoreError as error:
            return Outcome(error=error)
        metadata = {"ResponseMetadata": client_errors.metadata(answer)}
        if answer.status >= 300:
            refusal = _describe_refusal(answer)
            return Outcome(answer, {"Error": refusal, **metadata}, refusal["Code"])
        declared = answer.headers.get("content-length", "")
        length = int(declared) if declared.isdecimal() and not answer.body else len(answer.body)
        return Outcome(answer, {"Body": BytesIO(answer.body), "ContentLength": length, **metadata})

    def _head(self, path: str) -> str:
        keys = credentials.current_keys()
        headers = {
            "host": self._connections.endpoint.authority,
            "x-amz-content-sha256": _EMPTY,
            "x-amz-date": time.strftime(signatures.TIME_FORMAT, time.gmtime()),
            **({"x-amz-security-token": keys.token} if keys.token else {}),
        }
        signature = self._signer.authorization(keys, f"GET {path}", headers, _EMPTY)
        return signatures.request_head(f"GET {path}", headers, signature, self._trace_header())


def _describe_refusal(answer: Answer) -> dict[str, str]:
    """Return the code and the message of an answer with an error status."""
    text = answer.body.decode(errors="replace")
    code, message = _CODE.search(text), _MESSAGE.search(text)
    return {
        "Code": code[1] if code else str(answer.status),
        "Message": message[1] if message else responses.get(answer.status, ""),
    }
