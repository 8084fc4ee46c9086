"""Measures and effects in words for the health page."""

from vigil.monitoring.report.markup_model import TIMES

MEASURES = {
    "base_rate": "Share of people with the event",
    "accuracy": "Correct answers",
    "auc": "Ranking of people (AUC; 0.5 is chance, 1 is perfect)",
    "brier": "Error of probabilities (Brier score; 0 is perfect)",
    "true_positive_rate": "Events flagged (recall)",
    "positive_predictive_value": "Right flags (precision)",
    "calibration_intercept": "Calibration intercept (0 is perfect)",
    "calibration_slope": "Calibration slope (1 is perfect)",
    "false_positive_rate": "Flagged without the event",
    "calibration": "Events per expected event",
    "selection_rate": "People flagged",
    "abstention_rate": "Abstained",
}
"""Measures of performance and fairness in words."""
SHARES = frozenset({"base_rate", "accuracy", "true_positive_rate", "positive_predictive_value"})
"""Measures shown in percent."""
EFFECTS = {"mean_shift_sd": "{} SD", "odds_ratio": f"odds {TIMES} {{}}", "rate_ratio": f"rate {TIMES} {{}}"}
"""Forms of effects; all others are plain numbers."""
