"""Checks of the availability of the API: its readiness, its alarms and its last deployment."""

from collections.abc import Callable, Sequence
from datetime import datetime

from vigil.errors import NotFound
from vigil.operations.diagnosis.model import RECENT_DEPLOYMENT, WINDOW, Fact, Metric, conclude
from vigil.operations.diagnosis.ports import AlarmStates, LiveVersions, MetricTotals, ReadinessProbe
from vigil.operations.incidents.steps_model import Evidence, Scope
from vigil.operations.remedies.functions_model import LiveAlias, older_version

_READY = 200
_API_FUNCTIONS = ("scoring_api", "tokens_authorizer")
"""Functions without which no request is served."""
_NO_FUNCTION = "A function was not found. Allowed are functions of the deployment with a live alias, as `scoring_api`."
_NOT_FOUND = "not found"


class AvailabilityChecks:
    """Checks of the API as a whole. Every check but `is_ready` raises Unavailable.

    `lambda_name` returns the name of a function in Lambda.
    """

    def __init__(
        self,
        probe: ReadinessProbe,
        alarms: AlarmStates,
        metrics: MetricTotals,
        functions: LiveVersions,
        lambda_name: Callable[[str], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._probe = probe
        self._alarms = alarms
        self._metrics = metrics
        self._functions = functions
        self._lambda_name = lambda_name
        self._clock = clock

    def is_ready(self, _: Scope) -> Evidence:
        """Return the status and the latency in milliseconds of one readiness request. 200 is `ok`, all else `faulty`.

        A step repeats it for several samples in a row.
        """
        answer = self._probe.probe()
        facts = (("status", str(answer.status)), ("latency_ms", f"{answer.latency_ms:.0f}"))
        if answer.status == _READY:
            return Evidence("ok", "The API is ready.", facts)
        return Evidence("faulty", "The API is not ready.", facts)

    def errors_and_throttles(self, scope: Scope) -> Evidence:
        """Return every firing alarm of the deployment, and the errors and throttles of the last 15 minutes.

        Errors and throttles are those of the incident's function, or of `scoring_api` and `tokens_authorizer` for an
        incident without one. A function that is not found gives the verdict `unknown` without a fault.
        """
        found = [(alarm.name, f"fires since {alarm.since}") for alarm in self._alarms.firing()]
        others: list[Fact] = []
        for function in _functions(scope):
            if self._live(function) is None:
                others.append((function, _NOT_FOUND))
                continue
            dimensions = (("FunctionName", self._lambda_name(function)),)
            found += [
                (function, f"{count:.0f} {name.lower()} in 15 minutes")
                for name in ("Errors", "Throttles")
                if (count := self._metrics.total(Metric("AWS/Lambda", name, dimensions), WINDOW))
            ]
        fine, missing = "No alarm fires, and the functions have no errors.", _NO_FUNCTION if others else ""
        return conclude(found, fine, "Firing alarms or faulty counts", others, missing=missing)

    def last_deployment(self, scope: Scope) -> Evidence:
        """Return the live version of the incident's function; without one, of `scoring_api` and `tokens_authorizer`.

        A version that was published in the last two hours gives the verdict `faulty`, if there is an older version.
        A function that is not found gives the verdict `unknown` without a fault.
        """
        recent: list[Fact] = []
        others: list[Fact] = []
        missing = ""
        for function in _functions(scope):
            if (live := self._live(function)) is None:
                others.append((function, _NOT_FOUND))
                missing = _NO_FUNCTION
                continue
            versions = self._functions.versions(function)
            older = older_version(live, versions)
            published = next((each.published_at for each in versions if each.number == live.newest), "")
            text = f"version {live.newest} of {published}, before it {older or 'no version'}"
            is_recent = bool(published) and self._clock() - datetime.fromisoformat(published) < RECENT_DEPLOYMENT
            (recent if is_recent and older else others).append((function, text))
        fine, wrong = (
            "No function has a deployment of the last two hours and an older version.",
            "Functions of a deployment in the last two hours",
        )
        return conclude(recent, fine, wrong, others, missing=missing)

    def _live(self, function: str) -> LiveAlias | None:
        """Return the live alias of a function, or None without a function of this name. Raises Unavailable.

        Only the versions prove that the function is one of the stack.
        """
        try:
            return self._functions.live(function) if self._functions.versions(function) else None
        except NotFound:
            return None


def _functions(scope: Scope) -> Sequence[str]:
    return (scope.function,) if scope.function else _API_FUNCTIONS
