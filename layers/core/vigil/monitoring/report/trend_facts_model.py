"""Facts of weeks, and sums of profiles."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.days_model import day_before, week_start
from vigil.monitoring.report.facts_model import WeekFacts
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import ABSTAIN


def describe_weeks(
    profiles: Sequence[Profile], alarm_days: Sequence[str], contract: ModelContract, days: tuple[str, str]
) -> tuple[WeekFacts, ...]:
    """Return the weeks, Monday to Sunday, that are wholly in `days`, the earliest first.

    `days` has the first and the last day of the report (`2026-11-29`), both included. `profiles` are in the order of
    their days; a week without them is left out. A part of a week is left out, because reports of successive days would
    show the counts of single days. `alarm_days` has the day of each finding.
    """
    return tuple(
        week
        for week in _weeks(profiles, [week_start(day) for day in alarm_days], contract)
        if days[0] <= week.start and day_before(week.start, -6) <= days[1]
    )


def flagged_rows(profile: Profile, contract: ModelContract) -> int:
    """Return the number of counted decisions in high-risk bands of the contract."""
    return sum(rows for band, rows in profile.bands.items() if contract.is_high_risk(band))


def sum_by_name(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of counts by name; a part without a name counts as 0."""
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return dict(total)


def _weeks(profiles: Sequence[Profile], alarm_weeks: Sequence[str], contract: ModelContract) -> Iterator[WeekFacts]:
    for monday, days in groupby(profiles, key=lambda profile: week_start(profile.day)):
        week = list(days)
        yield WeekFacts(
            start=monday,
            rows=sum(each.counted for each in week),
            flagged=sum(flagged_rows(each, contract) for each in week),
            abstained=sum(each.decisions.get(ABSTAIN, 0) for each in week),
            alarms=alarm_weeks.count(monday),
        )
