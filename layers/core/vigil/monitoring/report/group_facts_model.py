"""Facts of groups: decisions by group from profiles, and outcomes by group from cohorts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.performance.cohorts_model import Cohort
from vigil.monitoring.profiles.model import Profile
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.group_attributes import judged_intersections


def tally_groups(
    contract: ModelContract, profiles: Sequence[Profile], cohorts: Sequence[Cohort]
) -> dict[str, dict[str, GroupTally]]:
    """Return tallies by attribute or declared intersection, then by value: `sex&age_band`, `female&15-24`.

    Attributes are in declared order, values are sorted. An attribute without decisions is left out, as are
    `unjudged_intersections`. Decisions, flags
    and abstentions come from profiles. Events and errors come from the untreated decisions of cohorts, because they
    need outcomes that are due.
    """
    names = [attribute.name for attribute in contract.groups]
    pairs = judged_intersections(contract.groups, contract.intersections)
    keys = [*names, *map("&".join, pairs)]
    tallies: dict[str, dict[str, GroupTally]] = {key: {} for key in keys}
    for group, tally in (*_decided(profiles), *_confirmed(cohorts)):
        key, value = split_group(group)
        if key in tallies:
            tallies[key][value] = tallies[key].get(value, GroupTally()) + tally
    return {key: dict(sorted(found.items())) for key, found in tallies.items() if found}


def unjudged_intersections(contract: ModelContract) -> tuple[str, ...]:
    """Return the names of the declared intersections, such as `sex&age_band`, that make too many groups."""
    judged = judged_intersections(contract.groups, contract.intersections)
    return tuple(map("&".join, contract.intersections[len(judged) :]))


def split_group(group: str) -> tuple[str, str]:
    """Return attribute and value of a group: `sex&age_band` and `female&15-24` for `sex=female&age_band=15-24`."""
    pairs = [part.partition("=") for part in group.split("&")]
    return "&".join(name for name, _, _ in pairs), "&".join(value for _, _, value in pairs)


def _decided(profiles: Sequence[Profile]) -> Iterator[tuple[str, GroupTally]]:
    for profile in profiles:
        for group, counts in profile.groups.items():
            yield group, GroupTally(counts.rows, counts.flagged, counts.abstained)


def _confirmed(cohorts: Sequence[Cohort]) -> Iterator[tuple[str, GroupTally]]:
    for cohort in cohorts:
        groups: Mapping[str, GroupTally] = cohort.groups
        for group, tally in groups.items():
            yield group, replace(tally, rows=0, flagged=0, abstained=0)
