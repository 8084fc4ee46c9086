"""Weighed outcomes of a champion and its challenger, for one tenant."""

from dataclasses import dataclass

from vigil.prediction.trials.evidence_model import TrialEvidence


@dataclass(frozen=True, slots=True)
class WeighedTrial:
    """Evidence for and against the version `challenger`, from outcomes that were due until `day`.

    `day` is a Sunday in UTC (`2026-11-22`).
    """

    challenger: int
    day: str
    evidence: TrialEvidence
