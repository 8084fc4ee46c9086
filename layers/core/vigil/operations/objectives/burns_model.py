"""Burn-rate alerts: which rules fire, since when, and the events about their changes. Pure values and rules."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from vigil.kernel.events import Event, EventKind, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.objectives.model import (
    BUDGET_WINDOW,
    OBJECTIVES,
    RULES,
    BurnRule,
    Objective,
    ObjectiveName,
    RuleName,
    Sums,
)
from vigil.operations.objectives.timeline_model import Timeline, start_of

Burn = tuple[ObjectiveName, RuleName]
"""An objective and one of its rules."""


@dataclass(frozen=True, slots=True)
class CollectedSums:
    """Valid and bad units by objective, for all minutes before `end`. Minutes are numbers since 1970."""

    end: int
    timelines: Mapping[ObjectiveName, Timeline]


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """Sums of the long and of the short window of one rule. `is_burning` is True if both burn too fast."""

    rule: BurnRule
    long: Sums
    short: Sums
    is_burning: bool


@dataclass(frozen=True, slots=True)
class ObjectiveStatus:
    """An objective with the sums of its 30 days, `month`, and one status per rule.

    They cover all minutes before `end`, a number of minutes since 1970. `end` is None before the first collection; then
    `month` has no units and `rules` is empty.
    """

    objective: Objective
    end: int | None = None
    month: Sums = field(default_factory=Sums)
    rules: tuple[RuleStatus, ...] = ()


def status_of(objective: Objective, collected: CollectedSums | None) -> ObjectiveStatus:
    """Return the status of an objective. It has no `end` if no sums were collected."""
    timeline = collected.timelines.get(objective.name) if collected else None
    if collected is None or timeline is None:
        return ObjectiveStatus(objective)
    end = collected.end
    rules = tuple(_rule_status(objective, rule, timeline, end) for rule in RULES)
    return ObjectiveStatus(objective, end, timeline.window(end, BUDGET_WINDOW), rules)


def _rule_status(objective: Objective, rule: BurnRule, timeline: Timeline, end: int) -> RuleStatus:
    long, short = timeline.window(end, rule.long), timeline.window(end, rule.short)
    return RuleStatus(rule, long, short, rule.is_burning(objective, long, short))


@dataclass(frozen=True, slots=True)
class BurnState:
    """Firing rules with the timestamp of their start, and the events that still have to be published.

    The rules were evaluated over all minutes before `end`, a number of minutes since 1970; 0 before the first
    evaluation. `version` grows with each write, and is 0 before the first.
    """

    end: int = 0
    firing: Mapping[Burn, str] = field(default_factory=dict)
    untold: tuple[Event, ...] = ()
    version: int = 0

    def evaluate(self, collected: CollectedSums, watched: Collection[Burn]) -> "BurnState":
        """Return the state after sums with another `end`, with one event per watched rule that starts or ends."""
        firing, untold = dict(self.firing), list(self.untold)
        at = format_timestamp(start_of(collected.end))
        for objective in OBJECTIVES.values():
            status = status_of(objective, collected)
            for each in status.rules:
                burn = (objective.name, each.rule.name)
                if burn not in watched or each.is_burning == (burn in firing):
                    continue
                if each.is_burning:
                    firing[burn] = at
                else:
                    del firing[burn]
                untold.append(_event(status, each, at))
        return replace(self, end=collected.end, firing=firing, untold=tuple(untold))


def _event(status: ObjectiveStatus, changed: RuleStatus, at: str) -> Event:
    """Return the event of a rule that starts or ends. The same change always has the same id."""
    kind: EventKind = "objectives.missed" if changed.is_burning else "objectives.met"
    name = status.objective.name
    fields = {
        "tenant_id": OPERATORS,
        "objective": name,
        "rule": changed.rule.name,
        "valid": changed.long.valid,
        "bad": changed.long.bad,
        "budget_left_percent": round(100 * status.objective.budget_left(status.month)),
    }
    return create_event(f"{name}.{changed.rule.name}.{status.end}", kind, at, fields)
