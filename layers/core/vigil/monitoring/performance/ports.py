"""Ports of performance: decisions whose labels are due, and a store of cohorts.

A nightly function reads the decisions of a week that has ended, makes the cohort by `Cohort.of` and stores it. Then it
judges all cohorts by `LabelJudge.judge`, because a year of them is small, and a late outcome changes an earlier one.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.profiles.model import Source


class DueDecisions(Protocol):
    """Decisions with their labels. The due time is `Label.due_at` of the contract; without one there are none."""

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels of known decisions are due, also later ones."""
        ...

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions with a probability whose labels were due in some ISO weeks, in any order, each once."""
        ...


class CohortStore(Protocol):
    """Cohorts of the models of all tenants, by source. `LabelJudge.judge` makes the state of labels from them."""

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version in the order of their weeks."""
        ...

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its week."""
        ...
