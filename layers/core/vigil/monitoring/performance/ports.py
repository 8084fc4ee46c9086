"""Ports of performance: decisions whose labels are due, and a store of cohorts.

A nightly function reads the decisions of a week that has ended, makes the cohort by `Cohort.of` and stores it. Then it
judges all cohorts by `LabelJudge.judge`, because a year of them is small, and a late outcome changes an earlier one.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.profiles.model import Source


class DueDecisions(Protocol):
    """Decisions with their labels. The due time is `Label.due_at` of the contract; without one there are none.

    Both methods raise Unavailable. `due_in` raises NotFound for a version without its package, and ModelRefused for a
    package that fails verification.
    """

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels of known decisions are due, in any order.

        Later weeks than the present one are included.
        """
        ...

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions with a probability whose labels are due in some ISO weeks, in any order, each once.

        Above 10,000 decisions of the largest week, a sample of all is read. `label` is the one that is known now. Weeks
        without decisions are ignored.
        """
        ...


class CohortStore(Protocol):
    """Cohorts of the models of all tenants, by source. `LabelJudge.judge` makes the state of labels from them.

    Both methods raise Unavailable.
    """

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version and source, the earliest week first."""
        ...

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its week. It has at most `MAX_COHORT_BYTES` when packed."""
        ...
