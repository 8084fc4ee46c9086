"""States of moto that are made by calls once in a process. Later tests start from a copy of the first one."""

import io
import pickle
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, get_args

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import events_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

SERVICES: tuple[BackendDict[Any], ...] = (
    dynamodb_backends,
    events_backends,
    kms_backends,
    s3_backends,
    secretsmanager_backends,
)
"""Services whose states are copied."""
PRIVATE_KEYS: tuple[type, ...] = get_args(PrivateKeyTypes)
Made = TypeVar("Made")
_states: dict[Hashable, tuple[Any, bytes, list[Any]]] = {}


class _Pickler(pickle.Pickler):
    """Pickler of states. Private keys do not change, so copies share them."""

    def __init__(self, file: io.BytesIO, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_id(self, value: Any) -> int | None:
        if not isinstance(value, PRIVATE_KEYS):
            return None
        self._shared.append(value)
        return len(self._shared) - 1


class _Unpickler(pickle.Unpickler):
    """Unpickler of states."""

    def __init__(self, file: io.BytesIO, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> Any:
        return self._shared[place]


def made_once(name: Hashable, make: Callable[[], Made]) -> Made:
    """Bring the empty services of moto into the state that `make` leaves, and return the result of `make`.

    Only the first use of a name in this process calls `make`.
    """
    if name not in _states:
        result = make()
        _states[name] = (result, *_saved())
    result, state, shared = _states[name]
    _restore(state, shared)
    return result


def state_restorer() -> Callable[[], None]:
    """Return a function that brings the services of moto back into the state that they have now."""
    state, shared = _saved()
    return lambda: _restore(state, shared)


def _saved() -> tuple[bytes, list[Any]]:
    """Return the states of all services, and the private keys in them."""
    backends = [
        (number, account_id, region, vars(backend))
        for number, service in enumerate(SERVICES)
        for account_id, region, backend in service.iter_backends()
    ]
    file, shared = io.BytesIO(), list[Any]()
    _Pickler(file, shared).dump((backends, s3_backends.bucket_accounts))
    return file.getvalue(), shared


def _restore(state: bytes, shared: list[Any]) -> None:
    backends, bucket_accounts = _Unpickler(io.BytesIO(state), shared).load()
    for number, account_id, region, attributes in backends:
        SERVICES[number][account_id][region].__dict__.update(attributes)
    s3_backends.bucket_accounts.update(bucket_accounts)
