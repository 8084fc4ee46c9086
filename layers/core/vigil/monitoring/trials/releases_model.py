"""Findings about releases: a promoted version that is worse than its predecessor."""

from vigil.monitoring.findings.model import BUDGET_SHARES, Effect, Finding
from vigil.monitoring.findings.suppression_model import Estimate, round_measure
from vigil.prediction.trials.evidence_model import TrialEvidence

RELEASES_PER_YEAR = 4
"""Number of promotions of a model and year for which the share of the budget is planned."""
RELEASE_EVIDENCE = RELEASES_PER_YEAR / BUDGET_SHARES["release"]
"""Evidence that makes a finding. A version that is not worse reaches it with a probability of at most its inverse."""


def find_worse_release(versions: tuple[int, int], evidence: TrialEvidence, days: tuple[str, str]) -> Finding | None:
    """Return the finding about a promoted version, or None if the evidence against it is too weak.

    `versions` are the predecessor and the promoted version. `evidence` is that of a trial in which the promoted version
    was the challenger. `days` are the first day of the promoted version and the Sunday of the judged week
    (`2026-11-22`).
    """
    difference = evidence.brier_difference
    if difference is None or evidence.worse is None or evidence.worse < RELEASE_EVIDENCE:
        return None
    previous, promoted = versions
    exact = Estimate(difference.mean, difference.low, difference.high)
    shown = round_measure(exact, evidence.labelled or 0)
    return Finding(
        version=promoted,
        source="single",
        family="release",
        kind="release",
        subjects=(),
        day=days[1],
        since=days[0],
        effect=Effect("paired_brier", shown.value or 0.0, shown.low, shown.high),
        e_value=float(f"{evidence.worse:.2g}"),
        recommendation="roll_back",
        text=(
            f"Version {previous} had a lower error than version {promoted} on the same outcomes. "
            f"Return to version {previous}."
        ),
    )
