"""Holds: silences, and inhibition of alerts about a part of a system that is known to be down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import AlertType, Episode, Hold
from vigil.alerting.policies.model import MAX_CRITICAL_SILENCE, AlertingConfig, Silence
from vigil.kernel.time import format_timestamp

INHIBITED_TYPES: tuple[AlertType, ...] = ("high_error_rate", "high_latency")
"""Types of alerts that an open `system_down` alert of the same source or of a source above it inhibits."""
RECHECK = timedelta(seconds=60)
"""Maximum time after which a held episode is examined again. A silence can be deleted before its end."""


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """Reason for which an episode sends no notice now. `until` is the timestamp at which it is examined again."""

    hold: Hold
    until: str


def find_hold(
    episode: Episode, config: AlertingConfig, sources_down: Iterable[str], now: datetime
) -> ActiveHold | None:
    """Return the hold of an episode at a moment, or None if it may send notices.

    CRITICAL episodes are never inhibited. Only a silence with `holds_critical` silences them, for at most four hours.
    `sources_down` are the sources of the tenant's open `system_down` episodes.
    """
    at, recheck = format_timestamp(now), format_timestamp(now + RECHECK)
    ends = [end for silence in config.silences if (end := _silenced_until(silence, episode, at))]
    if ends:
        return ActiveHold("silenced", min(max(ends), recheck))
    can_be_inhibited = episode.severity != "CRITICAL" and episode.type in INHIBITED_TYPES
    if can_be_inhibited and any(is_below(episode.source, down) for down in sources_down):
        return ActiveHold("inhibited", recheck)
    return None


def is_below(source: str, other: str) -> bool:
    """Return True if `source` is `other` or a part of it: `scoring.api` is below `scoring`, `scoringless` is not."""
    return source == other or source.startswith(f"{other}.")


def _silenced_until(silence: Silence, episode: Episode, at: str) -> str | None:
    """Return the end of a silence that applies to the episode now, or None."""
    end = silence.ends_at
    if episode.severity == "CRITICAL":
        if not silence.holds_critical:
            return None
        longest = datetime.fromisoformat(silence.starts_at) + MAX_CRITICAL_SILENCE
        end = min(end, format_timestamp(longest))
    applies = silence.starts_at <= at < end
    if applies and silence.matcher.matches(episode.type, episode.severity, episode.source, episode.labels):
        return end
    return None
