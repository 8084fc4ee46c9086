"""Production clients for tests: Vigil's operations go through the small client, others through botocore's."""

from collections.abc import Callable
from typing import Any

from vigil.aws import credentials
from vigil.aws.connections import Connections
from vigil.aws.credentials import Keys
from vigil.aws.endpoints import Endpoint
from vigil.aws.json_client import JsonClient
from vigil.aws.services import SERVICES

READ_SECONDS = 20.0


class ProductionClient(JsonClient):
    """The small client of a service; operations that Vigil never calls, such as `create_table`, are botocore's."""

    def __init__(self, whole: Any, keys: Callable[[], Keys]) -> None:
        service = SERVICES[whole.meta.service_model.service_name]
        endpoint = Endpoint.from_url(whole.meta.endpoint_url)
        super().__init__(service, whole.meta.region_name, Connections(endpoint, READ_SECONDS, READ_SECONDS), keys)
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        """Return the method of an operation."""
        if name in self.__dict__["_service"].operations:
            return super().__getattr__(name)
        return getattr(self.__dict__["_whole"], name)


def as_in_production(whole: Any, keys: Callable[[], Keys] = credentials.current_keys) -> Any:
    """Return the production client in place of botocore's, or botocore's if production has that."""
    return ProductionClient(whole, keys) if whole.meta.service_model.service_name in SERVICES else whole
