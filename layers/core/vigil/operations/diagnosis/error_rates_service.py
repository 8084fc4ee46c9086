"""Checks of error rates: routes, groups of errors, and circuits."""

from datetime import timedelta

from vigil.kernel.metrics import OWN_METRICS
from vigil.kernel.tenants import OPERATORS
from vigil.operations.circuit_breakers.service import Circuits, CircuitUser
from vigil.operations.diagnosis.model import MAX_ERROR_SHARE, MAX_FACTS, WINDOW, Fact, Metric, conclude
from vigil.operations.diagnosis.ports import FailureGroups, MetricTotals, TenantRecords
from vigil.operations.diagnosis.service import missing_tenant
from vigil.operations.incidents.steps_model import Evidence, Scope
from vigil.outbound.breakers.model import NO_CALLS, Circuit

_ERRORS = "ServerErrors"
_REQUESTS = "Latency"
"""Metric whose number of samples is the number of requests."""
_GATEWAY = "AWS/ApiGateway"
_NO_TRAFFIC = "No request of the last {:.0f} minutes was counted. A verdict needs at least one request."
_MAX_ROUTES = 50
_SAMPLE = timedelta(minutes=2)
"""Time that one sample covers. CloudWatch can be a minute late."""
_MIN_FAILED = 5
"""Minimum failed calls of a closed circuit for the verdict `faulty`."""


class ErrorRateChecks:
    """Checks of requests that fail. Every check raises Unavailable.

    `api` has the dimensions of the API in the metrics of API Gateway.
    """

    def __init__(
        self,
        metrics: MetricTotals,
        groups: FailureGroups,
        circuits: Circuits,
        tenants: TenantRecords,
        api: tuple[Fact, ...],
    ) -> None:
        self._tenants = tenants
        self._api = api
        self._metrics = metrics
        self._groups = groups
        self._circuits = circuits

    def error_rate_by_route(self, _: Scope) -> Evidence:
        """Return the routes with more than 1 % server errors in the last 15 minutes, the highest share first.

        At most 50 routes are read. The share of all answers of API Gateway comes first: it also counts requests whose
        function timed out. Without any request, the verdict is `unknown`.
        """
        return self._rates(WINDOW)

    def rate_below_threshold(self, _: Scope) -> Evidence:
        """Return the routes with more than 1 % server errors in the last two minutes, the highest share first.

        See `error_rate_by_route`. A step repeats the check for several samples in a row.
        """
        return self._rates(_SAMPLE)

    def newest_error_groups(self, _: Scope) -> Evidence:
        """Return at most 20 open groups of errors, latest failure first. Each gives the verdict `faulty`."""
        groups = self._groups.newest(MAX_FACTS)
        faults = [(group.id, f"{group.kind}, {group.state}, last at {group.last_seen_at}") for group in groups]
        return conclude(faults, "No group of errors is new or regressed.", "New or regressed groups of errors")

    def circuits(self, scope: Scope) -> Evidence:
        """Return the circuits that are not closed, and the closed ones with more failed than answered calls recently.

        The circuits are those of the deployment and of the incident's tenant. A tenant that is not found gives the
        verdict `unknown` without a fault.
        """
        user = CircuitUser(scope.tenant_id or OPERATORS, "diagnosis", is_operator=True)
        faults = [(each.id.name, text) for each in self._circuits.list_all(user) if (text := _fault(each))]
        fine, wrong = "All circuits are closed.", "Circuits that are open or have many failed calls"
        return conclude(faults, fine, wrong, missing=missing_tenant(self._tenants, scope.tenant_id))

    def _rates(self, window: timedelta) -> Evidence:
        answers = self._metrics.total(Metric(_GATEWAY, "Count", self._api), window)
        failed = self._metrics.total(Metric(_GATEWAY, "5XXError", self._api), window)
        faults = [("API Gateway", f"{failed:.0f} of {answers:.0f}")] if failed > MAX_ERROR_SHARE * answers else []
        faults += self._faulty_routes(window)
        missing = "" if answers or self._has_traffic(window) else _NO_TRAFFIC.format(window.total_seconds() / 60)
        fine, wrong = "No route has more than 1 % server errors.", "Routes with too many server errors"
        return conclude(faults, fine, wrong, missing=missing)

    def _has_traffic(self, window: timedelta) -> bool:
        """Return True if a function counted a request. The metrics of API Gateway can be minutes late."""
        found = self._metrics.recent(OWN_METRICS, _REQUESTS, window)[:_MAX_ROUTES]
        return any(self._metrics.total(metric, window, "SampleCount") for metric in found)

    def _faulty_routes(self, window: timedelta) -> list[Fact]:
        found = []
        for metric in self._metrics.recent(OWN_METRICS, _ERRORS, window)[:_MAX_ROUTES]:
            errors = self._metrics.total(metric, window)
            requests = self._metrics.total(Metric(OWN_METRICS, _REQUESTS, metric.dimensions), window, "SampleCount")
            if errors and errors > MAX_ERROR_SHARE * requests:
                found.append((errors / max(requests, errors), _route(metric), f"{errors:.0f} of {requests:.0f}"))
        return [(route, text) for _, route, text in sorted(found, reverse=True)]


def _route(metric: Metric) -> str:
    known = dict(metric.dimensions)
    return f"{known.get('service', '?')} {known.get('route', '?')}"


def _fault(circuit: Circuit) -> str:
    """Return the fault of a circuit as text, or ""."""
    recent = sum(circuit.buckets.values(), NO_CALLS)
    if circuit.state != "closed":
        return f"{circuit.state}, by hand" if circuit.forced else circuit.state
    if recent.failed >= _MIN_FAILED and recent.failed > recent.answered:
        return f"closed, {recent.failed} of {recent.calls} recent calls failed"
    return ""
