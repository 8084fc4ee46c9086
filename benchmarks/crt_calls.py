"""Makes calls with AWS's common runtime, in an environment of its own: one round per line of standard input.

Arguments: port of the fake DynamoDB, calls of a round, arguments of a call. A round prints the CPU seconds per call.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import awscrt.auth
import awscrt.http
import awscrt.io
from pydantic_core import from_json, to_json


def caller(port: int, arguments: Any) -> Callable[[], Any]:
    """Return a function that makes one signed call over one connection."""
    bootstrap = awscrt.io.ClientBootstrap(loops := awscrt.io.EventLoopGroup(1), awscrt.io.DefaultHostResolver(loops))
    connection = awscrt.http.HttpClientConnection.new("127.0.0.1", port, bootstrap).result()
    signing = awscrt.auth.AwsSigningConfig(
        algorithm=awscrt.auth.AwsSigningAlgorithm.V4,
        signature_type=awscrt.auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=awscrt.auth.AwsCredentialsProvider.new_static("AKIAEXAMPLE", "secret", "t" * 900),
        region="eu-west-1",
        service="dynamodb",
    )

    def call() -> Any:
        body = to_json(arguments)
        headers = awscrt.http.HttpHeaders(
            [
                ("host", f"127.0.0.1:{port}"),
                ("content-length", str(len(body))),
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", "DynamoDB_20120810.UpdateItem"),
            ]
        )
        request = awscrt.http.HttpRequest("POST", "/", headers, io.BytesIO(body))
        signed = awscrt.auth.aws_sign_request(request, signing).result()
        answer = bytearray()
        stream = connection.request(signed, lambda **_: None, lambda chunk, **_: answer.extend(chunk))
        stream.activate()
        stream.completion_future.result()
        return from_json(bytes(answer))

    return call


def main() -> None:
    """Run one round per line of standard input."""
    port, calls = map(int, sys.argv[1:3])
    call = caller(port, json.loads(sys.argv[3]))
    for _ in sys.stdin:
        started = time.process_time()
        for _ in range(calls):
            call()
        print((time.process_time() - started) / calls, flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
