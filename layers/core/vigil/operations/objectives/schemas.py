"""Answers of the API of objectives."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field

from vigil.kernel.time import format_timestamp
from vigil.operations.objectives.burns_model import ObjectiveStatus, RuleStatus
from vigil.operations.objectives.model import Objective, ObjectiveName, RuleName, Sums
from vigil.operations.objectives.timeline_model import start_of
from vigil.web.schemas import DATE_TIME

_DIGITS = 6


class WindowView(BaseModel):
    """One window of a rule. A burn rate of 1 uses up the budget in exactly 30 days."""

    minutes: int = Field(description="Length of the window. One of more than six hours begins at a full hour.")
    valid: int
    bad: int
    burn_rate: float

    @classmethod
    def from_sums(cls, objective: Objective, length: timedelta, sums: Sums) -> "WindowView":
        """Return the view of a window of `length`: its valid and bad units, and its burn rate.

        The burn rate is rounded to six digits.
        """
        burn_rate = round(objective.burn_rate(sums), _DIGITS)
        return cls(minutes=length // timedelta(minutes=1), valid=sums.valid, bad=sums.bad, burn_rate=burn_rate)


class BurnRuleView(BaseModel):
    """A rule fires while both windows burn faster than `factor`.

    `fast` and `slow` page the operators; `ticket` raises an alert that can wait for the next working day.
    """

    name: RuleName
    factor: float
    long: WindowView
    short: WindowView
    firing: bool

    @classmethod
    def from_status(cls, objective: Objective, status: RuleStatus) -> "BurnRuleView":
        """Return the view of a rule with its two windows. Burn rates are rounded to six digits."""
        rule = status.rule
        return cls(
            name=rule.name,
            factor=rule.factor,
            long=WindowView.from_sums(objective, rule.long, status.long),
            short=WindowView.from_sums(objective, rule.short, status.short),
            firing=status.is_burning,
        )


class ErrorBudgetView(BaseModel):
    """The error budget of the last 30 days. `left` is its unused share: negative when overspent."""

    valid: int
    bad: int
    left: float


class ObjectiveView(BaseModel):
    """One objective with its budget and burn rates.

    `unknown`: nothing was measured yet. `overspent`: the budget of 30 days is used up. `burning`: a rule fires.
    """

    name: ObjectiveName
    target: float = Field(description="Share of good units that is aimed at, over 30 days.")
    unit: str
    good: str = Field(description="Condition of a good unit.")
    state: Literal["met", "burning", "overspent", "unknown"]
    measured_until: str | None = Field(json_schema_extra=DATE_TIME)
    budget: ErrorBudgetView | None
    rules: list[BurnRuleView]

    @classmethod
    def from_status(cls, status: ObjectiveStatus) -> "ObjectiveView":
        """Return the view of an objective. `budget` is None and the state `unknown` if no sums were collected."""
        objective, month = status.objective, status.month
        left = round(objective.budget_left(month), _DIGITS)
        is_known = status.end is not None
        return cls(
            name=objective.name,
            target=objective.target,
            unit=objective.unit,
            good=objective.good,
            state=_state(status),
            measured_until=format_timestamp(start_of(status.end)) if status.end is not None else None,
            budget=ErrorBudgetView(valid=month.valid, bad=month.bad, left=left) if is_known else None,
            rules=[BurnRuleView.from_status(objective, each) for each in status.rules],
        )


class ObjectiveList(BaseModel):
    """All objectives of the deployment."""

    items: list[ObjectiveView]


def _state(status: ObjectiveStatus) -> Literal["met", "burning", "overspent", "unknown"]:
    if status.end is None:
        return "unknown"
    if status.objective.budget_left(status.month) < 0:
        return "overspent"
    return "burning" if any(each.is_burning for each in status.rules) else "met"
