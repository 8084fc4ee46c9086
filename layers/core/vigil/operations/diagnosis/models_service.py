"""Checks of models: packages, abstentions, and replays of decisions."""

from collections import Counter

from vigil.errors import ModelRefused, NotFound
from vigil.operations.diagnosis.model import (
    MAX_ABSTAINING,
    MIN_DECISIONS,
    REPLAYED,
    Fact,
    PastDecision,
    conclude,
)
from vigil.operations.diagnosis.ports import AlarmStates, Champions, PastDecisions
from vigil.operations.incidents.steps_model import Evidence, Scope

_COUNTED = 100
"""Number of recent decisions whose abstentions are counted."""
_REFUSED_ALARM = "models-refused"
_NO_CHAMPION = "No model has a champion in service. Promote a version of a model first."
_NO_DECISIONS = "No recent decision was found. Allowed are models with decisions{}."


class ModelChecks:
    """Checks of the model of an incident, or of all models if it names none. Every check raises Unavailable."""

    def __init__(self, champions: Champions, decisions: PastDecisions, alarms: AlarmStates) -> None:
        self._champions = champions
        self._decisions = decisions
        self._alarms = alarms

    def package_and_golden_rows(self, scope: Scope) -> Evidence:
        """Verify signature, files and golden rows of each champion. A model without a champion is a fault.

        A deployment without any champion gives the verdict `unknown`.
        """
        faults: list[Fact] = []
        fine: list[Fact] = []
        names = self._names(scope)
        for name in names:
            if (state := self._champions.check(name)) is None:
                faults.append((name, "no champion"))
            elif state.refusal:
                faults.append((name, f"version {state.version}: {state.refusal}"))
            else:
                fine.append((name, f"version {state.version}"))
        return conclude(
            faults, "Every champion verifies.", "Refused champions", fine, missing="" if names else _NO_CHAMPION
        )

    def refusals_and_abstention(self, scope: Scope) -> Evidence:
        """Return the number of abstentions per model, and the alarm of refused models if it fires.

        The latest 100 decisions of a model count. More than half of at least 20 is a fault. Without any decision and
        fault, the verdict is `unknown`.
        """
        faults = [(each.name, f"fires since {each.since}") for each in self._alarms.firing() if _is_refusal(each.name)]
        others: list[Fact] = []
        counted = 0
        for name in self._names(scope):
            decisions = self._decisions.recent(name, _COUNTED)
            counted += len(decisions)
            abstained = sum(each.is_abstention for each in decisions)
            fact = (name, f"{abstained} of {len(decisions)} recent decisions abstain")
            is_faulty = len(decisions) >= MIN_DECISIONS and abstained > MAX_ABSTAINING * len(decisions)
            (faults if is_faulty else others).append(fact)
        fine, missing = "No model is refused or abstains too often.", "" if counted else self._no_decisions()
        return conclude(faults, fine, "Faulty models or alarms", others, missing=missing)

    def replay_recent_decisions(self, scope: Scope) -> Evidence:
        """Replay the latest 20 decisions of each model byte for byte, and count the decisions of each version.

        No decision at all gives the verdict `unknown`.
        """
        faults, versions = [], Counter[str]()
        for name in self._names(scope):
            for decision in self._decisions.recent(name, REPLAYED):
                versions[f"{name} version {decision.version}"] += 1
                if fault := self._replay_fault(decision):
                    faults.append((decision.decision_id, f"{name} version {decision.version}: {fault}"))
        counts = [(version, f"{count} of the recent decisions") for version, count in sorted(versions.items())]
        fine, missing = "Recent decisions are reproduced.", "" if counts else self._no_decisions()
        return conclude(faults, fine, "Decisions that are not reproduced", counts, missing=missing)

    def _no_decisions(self) -> str:
        """Return the sentence about missing decisions, with the models that have a champion."""
        names = ", ".join(self._champions.names())
        return _NO_DECISIONS.format(f"; champions: {names}" if names else "")

    def _names(self, scope: Scope) -> list[str]:
        return [scope.model] if scope.model else list(self._champions.names())

    def _replay_fault(self, decision: PastDecision) -> str:
        """Return the reason why a decision is not reproduced, or "". An erased decision has no answer to compare."""
        try:
            return "" if self._decisions.is_reproduced(decision) else "another answer"
        except ModelRefused as refused:
            return refused.reason
        except NotFound:
            return ""


def _is_refusal(alarm: str) -> bool:
    return alarm.endswith(_REFUSED_ALARM)
