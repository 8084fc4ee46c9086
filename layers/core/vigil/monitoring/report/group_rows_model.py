"""Rows of the table of groups: shares, ratios and verdicts that follow from shown counts."""

from collections.abc import Iterator, Mapping

from vigil.monitoring.fairness.intervals_model import Z95, Proportion, Ratio, ratio_interval
from vigil.monitoring.fairness.model import GroupComparison, GroupTally, Verdict
from vigil.monitoring.fairness.verdicts_model import (
    TOLERATED_RATIOS,
    Sides,
    compare_groups,
    judge_ratio,
    measure_sides,
)
from vigil.monitoring.findings.suppression_model import (
    MIN_COUNT,
    Estimate,
    round_count,
    round_figure,
    round_share,
)
from vigil.monitoring.report.model import GroupRow
from vigil.prediction.engines.group_attributes import lacks_value


def publish_groups(groups: Mapping[str, Mapping[str, GroupTally]]) -> tuple[GroupRow, ...]:
    """Return the rows of all attributes, with six measures a group, from the tallies by attribute and value.

    Attributes are ordered by name, and groups as in the tallies. A group with fewer than 11 rows has one row without
    figures. A value that is not given has no row.
    """
    return tuple(row for attribute, tallies in sorted(groups.items()) for row in _rows(attribute, tallies))


def shown_ratio(sides: Sides) -> Ratio | None:
    """Return the ratio of two sides with its interval, as it follows from their shown shares; None if one is hidden."""
    rate = _share(sides.group)
    return None if rate is None else _shown_ratio(rate, _share(sides.others), sides)


def _rows(attribute: str, tallies: Mapping[str, GroupTally]) -> Iterator[GroupRow]:
    total = sum(tallies.values(), GroupTally())
    compared = iter(compare_groups(tallies))
    for name, tally in tallies.items():
        if lacks_value(name):
            continue
        for number, sides in enumerate(measure_sides(tally, total - tally)):
            exact = next(compared)
            if round_count(tally.rows) is None:
                if number == 0:
                    yield _hidden_row(attribute, exact)
            else:
                yield _row(attribute, tally.rows, sides, exact)


def _row(attribute: str, rows: int, sides: Sides, exact: GroupComparison) -> GroupRow:
    rate, others_rate = _share(sides.group), _share(sides.others)
    ratio = shown_ratio(sides)
    shown = Estimate(*(round_figure(each, 2) for each in (ratio.value, ratio.low, ratio.high))) if ratio else None
    verdict = _verdict(ratio, rate, others_rate, sides, exact)
    return GroupRow(
        attribute=attribute,
        group=exact.group,
        measure=exact.measure,
        rows=round_count(rows),
        rate=_scaled(rate, sides.group_scale),
        others_rate=_scaled(others_rate, sides.others_scale),
        ratio=shown,
        verdict=verdict,
        is_alarm=exact.is_alarm and verdict == "fail",
        rows_needed=_leading_digit(exact.rows_needed) if verdict == "insufficient" else None,
    )


def _hidden_row(attribute: str, exact: GroupComparison) -> GroupRow:
    return GroupRow(attribute, exact.group, exact.measure, None, None, None, None, "insufficient", False, None)


def _verdict(
    ratio: Ratio | None, rate: float | None, others_rate: float | None, sides: Sides, exact: GroupComparison
) -> Verdict:
    """Return the exact verdict if the shown figures support it, else `insufficient`.

    Fewer than 11 events of a group are judged as 10. So the verdict does not depend on the hidden count.
    """
    if ratio is not None:
        return exact.verdict if judge_ratio(ratio) == exact.verdict else "insufficient"
    rows = round_count(int(sides.group.rows))
    if rows and rate is None and sides.group.events < MIN_COUNT:
        most = _shown_ratio((MIN_COUNT - 1) / rows, others_rate, sides)
        return "fail" if most and most.high < TOLERATED_RATIOS[0] else "insufficient"
    return "insufficient"


def _shown_ratio(rate: float, others_rate: float | None, sides: Sides) -> Ratio | None:
    """Return the ratio and interval that a reader could calculate from the shown shares and counts."""
    rows, others_rows = round_count(int(sides.group.rows)), round_count(int(sides.others.rows))
    if others_rate is None or not rows or not others_rows:
        return None
    found = ratio_interval(Proportion(rate * rows, rows), Proportion(others_rate * others_rows, others_rows), Z95)
    scale = sides.group_scale / sides.others_scale
    return Ratio(rate / others_rate * scale, found.low * scale, found.high * scale)


def _share(side: Proportion) -> float | None:
    return round_share(side.events, int(side.rows))


def _scaled(share: float | None, scale: float) -> float | None:
    return None if share is None else round_figure(share * scale)


def _leading_digit(rows: int | None) -> int | None:
    """Return a planned number of rows with one digit, rounded up, such as 3,000."""
    if rows is None:
        return None
    unit: int = 10 ** (len(str(rows)) - 1)
    return -(-rows // unit) * unit
