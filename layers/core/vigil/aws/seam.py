"""The base class of small clients. The tenant guard, traces, metrics and tests wrap the one method of all calls."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from vigil.aws import tracing
from vigil.aws.connections import Connections

Call = Callable[[str, dict[str, Any]], Any]
"""Function that makes a call: the name of the operation, such as `GetItem`, and its arguments."""


class Seam:
    """Base class of small clients, with the seam: the one method through which all calls go.

    `service_name` and `meta` have the form of botocore's.
    """

    def __init__(self, service_name: str, region: str, connections: Connections) -> None:
        self.service_name = service_name
        self.meta = SimpleNamespace(region_name=region, endpoint_url=connections.endpoint.url.removesuffix("/"))
        self._connections = connections
        self._call: Call = self._perform
        self._trace_header: Callable[[], str] = tracing.header_of_invocation

    def wrap(self, wrapper: Callable[[Call], Call]) -> None:
        """Wrap every call, such as with a check. The last wrapper is called first."""
        self._call = wrapper(self._call)

    def trace(self, name: str) -> None:
        """Record every call as an X-Ray subsegment of this name."""
        self.wrap(tracing.traced(self, name))
        self._trace_header = tracing.header_of_subsegment

    def close(self) -> None:
        """Close the open connections. The next call opens a new one."""
        self._connections.close()

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        # The name and the signature are botocore's, so that tests record and replace the calls of both clients.
        return self._call(operation_name, api_params)

    def _perform(self, operation: str, arguments: dict[str, Any]) -> Any:
        raise NotImplementedError
