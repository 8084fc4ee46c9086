"""Checks of error rates: routes, groups of errors, and circuits."""

from datetime import timedelta

from vigil.kernel.tenants import OPERATORS
from vigil.operations.circuit_breakers.service import Circuits, CircuitUser
from vigil.operations.diagnosis.model import MAX_ERROR_SHARE, MAX_FACTS, WINDOW, Metric, conclude
from vigil.operations.diagnosis.ports import FailureGroups, MetricTotals
from vigil.operations.incidents.steps_model import Evidence, Scope
from vigil.outbound.breakers.model import NO_CALLS, Circuit

_NAMESPACE = "Vigil"
_ERRORS = "ServerErrors"
_REQUESTS = "Latency"
"""Metric whose number of samples is the number of requests."""
_MAX_ROUTES = 50
_SAMPLE = timedelta(minutes=2)
"""Time that one sample covers. CloudWatch can be a minute late."""
_MIN_FAILED = 5
"""Minimum failed calls of a closed circuit for the verdict `faulty`."""


class ErrorRateChecks:
    """Checks of requests that fail."""

    def __init__(self, metrics: MetricTotals, groups: FailureGroups, circuits: Circuits) -> None:
        self._metrics = metrics
        self._groups = groups
        self._circuits = circuits

    def error_rate_by_route(self, _: Scope) -> Evidence:
        """Return the routes with more than 1 % server errors in the last 15 minutes, the highest share first.

        At most 50 routes are read.
        """
        return self._rates(WINDOW)

    def rate_below_threshold(self, _: Scope) -> Evidence:
        """Return the routes with more than 1 % server errors in the last two minutes, the highest share first.

        At most 50 routes are read. A step repeats the check for several samples in a row.
        """
        return self._rates(_SAMPLE)

    def newest_error_groups(self, _: Scope) -> Evidence:
        """Return at most 20 open groups of errors, latest failure first. Each gives the verdict `faulty`."""
        groups = self._groups.newest(MAX_FACTS)
        faults = [(group.id, f"{group.kind}, {group.state}, last at {group.last_seen_at}") for group in groups]
        return conclude(faults, "No group of errors is new or regressed.", "{} groups of errors are new or regressed.")

    def circuits(self, scope: Scope) -> Evidence:
        """Return the circuits that are not closed, and the closed ones with more failed than answered calls recently.

        The circuits are those of the deployment and of the incident's tenant.
        """
        user = CircuitUser(scope.tenant_id or OPERATORS, "diagnosis", is_operator=True)
        faults = [(each.id.name, text) for each in self._circuits.list_all(user) if (text := _fault(each))]
        return conclude(faults, "All circuits are closed.", "{} circuits are open or have many failed calls.")

    def _rates(self, window: timedelta) -> Evidence:
        found = []
        for metric in self._metrics.recent(_NAMESPACE, _ERRORS)[:_MAX_ROUTES]:
            errors = self._metrics.total(metric, window)
            requests = self._metrics.total(Metric(_NAMESPACE, _REQUESTS, metric.dimensions), window, "SampleCount")
            if errors and errors > MAX_ERROR_SHARE * requests:
                found.append((errors / max(requests, errors), _route(metric), f"{errors:.0f} of {requests:.0f}"))
        faults = [(route, text) for _, route, text in sorted(found, reverse=True)]
        return conclude(faults, "No route has more than 1 % server errors.", "{} routes have too many server errors.")


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
