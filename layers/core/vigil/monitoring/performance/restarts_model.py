"""Restarts of the detectors of labels: a person has decided about their alarms."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelRestarts:
    """ISO weeks (`2026-W47`) of restarts by detector, in ascending order.

    A restarted detector judges the cohorts from that week on. So a cohort has at most one alarm of each detector.
    """

    calibration: Sequence[str] = ()
    overdue: Sequence[str] = ()


def is_restarted(restarts: Sequence[str], through: str, week: str) -> bool:
    """Return True if a detector that has judged the weeks until `through` restarts before it judges `week`."""
    return count_restarts(restarts, through) < count_restarts(restarts, week)


def count_restarts(restarts: Sequence[str], week: str) -> int:
    """Return the number of restarts of a detector until a week, that week included."""
    return bisect_right(restarts, week)
