"""Statistics of a change: its event, and the notices that it creates."""

from collections import Counter as Tally

from vigil.alerting.alerts.model import FINAL_NOTICE_STATES, AlertEvent
from vigil.alerting.alerts.statistics_model import COUNTERS, Bucket, Counter, bucket_of, hour_of
from vigil.alerting.episodes.model import Change


def count_change(change: Change, event: AlertEvent | None, at: str) -> dict[tuple[str, Bucket], dict[Counter, int]]:
    """Return the counts that a change adds to the statistics, by hour and group. Zeros are absent.

    Hours are in UTC, such as `2026-11-21T05`. `event` is the event that fired, or None. It adds counts to the hour of
    the timestamp `at`, the time of the change, if `change.counted` is not 0. A notice counts in the hour of its
    `created_at`.
    """
    added: dict[tuple[str, Bucket], Tally[str]] = {}
    if event is not None and change.counted:
        added.setdefault((hour_of(at), event.severity), Tally()).update(["raised", change.outcome])
    for notice in change.notices:
        names = ["intents"] + [state for state in FINAL_NOTICE_STATES if state == notice.state]
        added.setdefault((hour_of(notice.created_at), bucket_of(notice)), Tally()).update(names)
    return {key: {name: tally[name] for name in COUNTERS if name in tally} for key, tally in added.items()}
