"""The scoring function as it is deployed, except that AWS is answered on the spot.

The package comes from a folder. The ledger takes every row and keeps none; with BENCHMARK_AWS_CLIENT it is the real one
behind the real DynamoDB client, whose requests are answered before they leave the process.
"""

import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from vigil.bootstrap import models, process, scoring
from vigil.registry.ports import Pointer

FOLDER = Path(os.environ["BENCHMARK_PACKAGE"])
MANIFEST = json.loads((FOLDER / "manifest.json").read_bytes())
NAME = MANIFEST["contract"]["name"]


class _Folder:
    def get(self, _: str, __: int, file: str) -> bytes:
        return (FOLDER / file).read_bytes()


class _Pointers:
    def names(self) -> list[str]:
        return [NAME]

    def pointers(self, name: str) -> dict[str, Pointer]:
        if name != NAME:
            return {}
        champion = Pointer(NAME, "champion", MANIFEST["version"], os.environ["BENCHMARK_DIGEST"], fence=1, floor=1)
        return {champion.alias: champion}


class _Accepting:
    def commit(self, *_: Any) -> None:
        return None

    def check(self) -> None:
        return None


class _Empty:
    def stream(self) -> list[bytes]:
        return [b"{}"]


def _answered(client: Any) -> Any:
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - only where a client is measured
    from botocore.compat import HTTPHeaders  # noqa: PLC0415 - as above

    def answer(**_: Any) -> AWSResponse:
        return AWSResponse("http://local", 200, HTTPHeaders(), _Empty())

    client.meta.events.register("before-send.dynamodb", answer)
    return client


def _adapters() -> list[tuple[ModuleType, str, Any]]:
    adapters: list[tuple[ModuleType, str, Any]] = [(models, "packages", _Folder), (models, "catalogue", _Pointers)]
    if "BENCHMARK_AWS_CLIENT" not in os.environ:
        return [*adapters, (scoring, "ledger", _Accepting)]
    real = process.client
    return [*adapters, (process, "client", lambda service: _answered(real(service)))]


for module, factory, adapter in _adapters():
    setattr(module, factory, adapter)
entry = scoring.api()


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return entry(event, context)
