"""The deployed scoring function with a fake AWS.

The package comes from a folder, and the tenant's key is in the cache. The ledger accepts and drops every row, rate
limits are off, and all flags are off.
With BENCHMARK_AWS_CLIENT, ledger, limits and flags are real, on the real DynamoDB client with fake responses.
"""

import json
import os
from pathlib import Path
from typing import Any

from vigil.access.flags.model import all_off
from vigil.aws.connections import Connections
from vigil.aws.http_answers import Answer
from vigil.bootstrap import access, decisions, prediction, process, stores
from vigil.kernel.pseudonyms import TenantKey
from vigil.prediction.packages.ports import Pointer

FOLDER = Path(os.environ["BENCHMARK_PACKAGE"])
MANIFEST = json.loads((FOLDER / "manifest.json").read_bytes())
NAME = MANIFEST["contract"]["name"]


class _Folder:
    def get(self, _: str, __: int, file: str) -> bytes:
        return (FOLDER / file).read_bytes()


class _Pointers:
    def model_names(self) -> list[str]:
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


class _NoFlags:
    switches = staticmethod(all_off)

    def preload(self) -> None:
        pass


def _answer(*_: Any) -> Answer:
    return Answer(200, {}, b'{"Attributes": {"h": {"N": "1"}}}')  # the attribute that the rate limiter reads


def _cached_key(tenant_id: str) -> TenantKey:
    return TenantKey(tenant_id, bytes(32))


def _adapters() -> list[tuple[Any, str, Any]]:
    adapters: list[tuple[Any, str, Any]] = [
        *((prediction, "packages", _Folder), (stores, "catalogue", _Pointers), (stores, "tenant_key", _cached_key)),
    ]
    if "BENCHMARK_AWS_CLIENT" not in os.environ:
        alone = [(stores, "ledger", _Accepting), (access, "flags", _NoFlags), (process, "rate_limiter", lambda: None)]
        return [*adapters, *alone]
    return [*adapters, (Connections, "exchange", _answer)]


for module, factory, adapter in _adapters():
    getattr(module, factory)  # a renamed factory is an error here
    setattr(module, factory, adapter)
entry = decisions.scoring_api()


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Return the response to an API Gateway proxy event."""
    return entry(event, context)
