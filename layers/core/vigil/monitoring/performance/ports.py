"""Ports of performance: decisions whose labels are due, and a store of cohorts.

A nightly function reads the decisions of a week that has ended, makes the cohort by `Cohort.of` and stores it. Then it
judges all cohorts by `LabelJudge.judge`, because a late outcome changes an earlier cohort. A year of cohorts is small.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.profiles.model import Source


class DueDecisions(Protocol):
    """Decisions with their labels. The due time is `Label.due_at` of the contract; decisions without one are left out.

    `weeks` and `due_in` raise Unavailable. `due_in` raises NotFound for a version without its package, and ModelRefused
    for a package that fails verification.
    """

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels of known decisions are due, in any order.

        Later weeks than the present one are included.
        """
        ...

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions with a probability whose labels are due in some ISO weeks, in any order, each once.

        If one of the weeks has more than 10,000 decisions, a sample of all weeks is read. The sample of the largest
        week has about 5,000 to 10,000 decisions. `label` is the one that is known now. Weeks without decisions are
        ignored.
        """
        ...


class CohortStore(Protocol):
    """Cohorts of the models of all tenants, by source. `LabelJudge.judge` makes the state of labels from them.

    `cohorts` and `put` raise Unavailable.
    """

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version and source, the earliest week first, read consistently.

        Raises DamagedData for a damaged cohort.
        """
        ...

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its version, source and week.

        Raises ValueError for a cohort of more than `MAX_COHORT_BYTES` (300 kB) when packed.
        """
        ...
