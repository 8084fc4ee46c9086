"""Checks that raise no error: a source that does not answer gives the verdict `unknown`."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from vigil.errors import NotFound, VigilError
from vigil.operations.diagnosis.model import Metric
from vigil.operations.diagnosis.ports import MetricTotals, TenantRecords
from vigil.operations.incidents.steps_model import Evidence, Scope

_NO_TENANT = "The tenant of the incident was not found. Allowed are ids of tenants of the deployment."


class SafeCheck:
    """The check of one check step. `source` is the subject of its sentence if the source does not answer."""

    def __init__(self, collect: Callable[[Scope], Evidence], source: str) -> None:
        self._collect = collect
        self._source = source

    def run(self, scope: Scope) -> Evidence:
        """Return the evidence. A Vigil error gives the verdict `unknown`, with the class of the error as a fact."""
        try:
            return self._collect(scope)
        except VigilError as error:
            return Evidence("unknown", f"{self._source} did not answer.", (("error", type(error).__name__),))


def missing_tenant(tenants: TenantRecords, tenant_id: str) -> str:
    """Return the sentence about a tenant that is not found, or "". An empty id names no tenant. Raises Unavailable."""
    try:
        if tenant_id:
            tenants.get(tenant_id)
    except NotFound:
        return _NO_TENANT
    return ""


def counted(metrics: MetricTotals, namespace: str, name: str, window: timedelta) -> Iterator[tuple[Metric, float]]:
    """Yield each metric of a name whose sum in the time before now is not 0, with the sum. Raises Unavailable."""
    for metric in metrics.recent(namespace, name, window):
        if count := metrics.total(metric, window):
            yield metric, count
