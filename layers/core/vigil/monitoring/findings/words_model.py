"""Words about findings: the one next step of each recommendation."""

from collections.abc import Mapping

from vigil.monitoring.findings.model import Finding, Recommendation

ADVICE: Mapping[Recommendation, str] = {
    "fix_feed": "Repair the data feed. Do not retrain: the model is not the cause.",
    "watch": "Watch the model. The estimated performance has not changed.",
    "rebase": "Confirm that the change is intended, then start a new baseline.",
    "collect_labels": "Collect outcomes of these people before you decide about retraining.",
    "recalibrate": "Recalibrate the model. Its ranking of people still works, but its probabilities do not.",
    "retrain": "Retrain the model, and try the new version beside this one.",
    "review": "Let people review how the model serves this group. Promotions stop until then.",
    "roll_back": "Return to the previous version, which did better on the same outcomes.",
}
"""Next step in words by recommendation."""
ENGINE_ADVICE = "Find the cause of the errors of the engine. Its answers are degraded until then."
"""Next step of a review that is not about a group."""


def next_step(finding: Finding) -> str:
    """Return the one next step of a finding in words."""
    if finding.recommendation == "review" and finding.kind != "fairness":
        return ENGINE_ADVICE
    return ADVICE[finding.recommendation]
