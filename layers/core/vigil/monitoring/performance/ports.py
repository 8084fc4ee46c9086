"""Ports of performance: decisions whose labels are due, and a store of cohorts.

A nightly function reads the decisions of a week that has ended, makes the cohort by `Cohort.of` or `Cohort.add`, stores
it, and judges it by `LabelJudge.advance`. It judges from the week of a changed cohort on again.
"""

from collections.abc import Iterator
from typing import Protocol

from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.performance.judgement_model import LabelState


class DueDecisions(Protocol):
    """Decisions with their labels. The due time is `Label.due_at` of the contract; without one there are none."""

    def due_in(self, tenant_id: str, model: str, version: int, week: str) -> Iterator[DueDecision]:
        """Yield the decisions with a probability whose labels were due in an ISO week, in any order, each once."""
        ...


class CohortStore(Protocol):
    """Cohorts and states of the models of all tenants, by source."""

    def cohorts(self, tenant_id: str, model: str, version: int, source: str) -> Iterator[Cohort]:
        """Yield the cohorts of a version in the order of their weeks."""
        ...

    def put(self, tenant_id: str, model: str, version: int, source: str, cohort: Cohort, state: LabelState) -> None:
        """Store a cohort in place of an earlier one of its week, and the state after it."""
        ...
