"""Ports of checks: probes, alarms, metrics, functions, decisions, packages, tables, queues and keys."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from vigil.access.keys.model import ApiKey
from vigil.access.tenants.model import Tenant
from vigil.operations.diagnosis.model import (
    ChampionState,
    FiringAlarm,
    KnownFailure,
    Metric,
    PastDecision,
    ProbeAnswer,
    QueueDepth,
    RestoreWindow,
    Statistic,
)
from vigil.operations.remedies.functions_model import FunctionVersion, LiveAlias


class ReadinessProbe(Protocol):
    """Request to `/health/readiness`."""

    def probe(self) -> ProbeAnswer:
        """Return the answer to one request; status 0 if there is none. Raises no Unavailable."""
        ...


class AlarmStates(Protocol):
    """Alarms of the deployment."""

    def firing(self) -> Sequence[FiringAlarm]:
        """Return one entry per alarm in the state ALARM. Raises Unavailable."""
        ...


class MetricTotals(Protocol):
    """Metrics of CloudWatch."""

    def recent(self, namespace: str, name: str, window: timedelta) -> Sequence[Metric]:
        """Return one metric per set of dimensions that may have data of the window under this name.

        The window ends now. Raises Unavailable.
        """
        ...

    def total(self, metric: Metric, window: timedelta, statistic: Statistic = "Sum") -> float:
        """Return the sum or the number of samples in the window that ends now; 0 without samples.

        Raises Unavailable.
        """
        ...


class LiveVersions(Protocol):
    """Versions of functions and their live aliases."""

    def live(self, function: str) -> LiveAlias:
        """Return the live alias of a function. Raises NotFound for an unknown function, and Unavailable."""
        ...

    def versions(self, function: str) -> Sequence[FunctionVersion]:
        """Return all published versions of a function. Raises NotFound for an unknown function, and Unavailable."""
        ...


class FailureGroups(Protocol):
    """Open groups of errors."""

    def newest(self, limit: int) -> Sequence[KnownFailure]:
        """Return at most `limit` open groups of errors, latest failure first. Raises Unavailable."""
        ...


class Champions(Protocol):
    """Champions of models."""

    def names(self) -> Sequence[str]:
        """Return the names of all models with a champion in service, sorted. Raises Unavailable."""
        ...

    def check(self, name: str) -> ChampionState | None:
        """Verify the package of a champion with its golden rows, and return the champion's state.

        A refused package is the `refusal` of the state and no error. Return None for a model without a champion, and
        for a withdrawn champion. Raises Unavailable.
        """
        ...


class PastDecisions(Protocol):
    """Decisions of all tenants."""

    def recent(self, model: str, limit: int) -> Sequence[PastDecision]:
        """Return at most `limit` decisions of a model, the latest first.

        The latest `limit` decisions of each of up to 50 tenants are read, and then filtered by the model. So the result
        may be shorter, and may be empty for a model that is rarely used. Raises Unavailable.
        """
        ...

    def is_reproduced(self, decision: PastDecision) -> bool:
        """Score a decision again; return True if the answer has the same bytes.

        Raises ModelRefused, NotFound and Unavailable.
        """
        ...


class TableProbes(Protocol):
    """Tables of the deployment, by their short names."""

    def names(self) -> Sequence[str]:
        """Return the short names of all tables, sorted."""
        ...

    def probe(self, name: str) -> timedelta:
        """Read an empty partition of a table and return the duration of the call. Raises Unavailable.

        `name` is the short name of the table.
        """
        ...

    def restore_window(self, name: str) -> RestoreWindow:
        """Return the earliest and the latest time to which a table can be restored. Raises Unavailable."""
        ...


class QueueDepths(Protocol):
    """Queues of the deployment."""

    def depths(self) -> Sequence[QueueDepth]:
        """Return one depth per queue, sorted by name: its waiting messages, and those of its dead-letter queue.

        Messages in flight are not counted. Raises Unavailable.
        """
        ...


class TenantRecords(Protocol):
    """Tenants of the deployment."""

    def get(self, tenant_id: str) -> Tenant:
        """Return a tenant. Raises NotFound if the deployment has no such tenant, and Unavailable."""
        ...


class KeyRecords(Protocol):
    """API keys of tenants."""

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """Return one key of a tenant. Raises NotFound if the tenant has no such key, and Unavailable."""
        ...
