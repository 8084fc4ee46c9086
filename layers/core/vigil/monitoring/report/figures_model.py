"""Figures of the health page, drawn from shown values alone. Each number in them is also in a table.

Every `plot_` function returns escaped markup: a `figure` element with an SVG.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from vigil.monitoring.report.markup_model import TIMES, Figures, write_count, write_label, write_share, write_times
from vigil.monitoring.report.model import Calibration, CalibrationPoint, DriftRow, GroupRow, Week

WIDTH = 400
"""Width of a figure in user units. On a phone, a unit is about one pixel."""
MAX_STRENGTH = 10.0
"""Largest strength in the ranking; stronger changes end at the edge."""
MAX_BARS, MAX_GROUPS = 8, 12
"""Maximum bars in the ranking, and maximum groups in the comparison."""
_LEFT, _RIGHT, _TOP = 48, 10, 10


def plot_calibration(figures: Figures, calibration: Calibration) -> str:
    """Return a figure of observed against predicted shares, with the diagonal of a perfect model.

    There must be a point of production or of the reference.
    """
    both = (*calibration.production, *calibration.reference)
    highs = [value for point in both for value in (point.predicted, point.observed.value, point.observed.high) if value]
    most = min(1.0, _round_up(max(0.1, *highs)))
    top, bottom, right = _TOP, 300, WIDTH - _RIGHT

    def x_of(share: float) -> float:
        return _LEFT + share / most * (right - _LEFT)

    def y_of(share: float) -> float:
        return bottom - share / most * (bottom - top)

    shapes = [*_share_axis(most, y_of), *_ticks_below(most, x_of, bottom)]
    shapes.append(f'<path class="grid dash" d="M{_LEFT} {bottom}L{right} {top}"/>')
    shapes += [f'<circle class="old" r="5" {_centre(x_of, y_of, point)}/>' for point in calibration.reference]
    for point in calibration.production:
        low, high = point.observed.low or 0.0, point.observed.high or 0.0
        shapes.append(
            f'<path class="line" d="M{x_of(point.predicted):.1f} {y_of(low):.1f}V{y_of(min(high, most)):.1f}"/>'
        )
        shapes.append(f'<circle class="now" r="4.5" {_centre(x_of, y_of, point)}/>')
    shapes.append(f'<text class="m" x="{(_LEFT + right) / 2:.0f}" y="338">Predicted probability</text>')
    text = "Blue points: outcomes in production with intervals. Grey rings: the package's own test rows."
    return figures.write("Observed share of events by predicted probability", text, (WIDTH, 345), shapes)


def _centre(x_of: Callable[[float], float], y_of: Callable[[float], float], point: CalibrationPoint) -> str:
    return f'cx="{x_of(point.predicted):.1f}" cy="{y_of(point.observed.value or 0.0):.1f}"'


def plot_ranking(figures: Figures, rows: Sequence[DriftRow]) -> str:
    """Return a figure of at most 8 bars: the first rows with a shown strength, in units of their threshold."""
    shown = [(row, row.strength) for row in rows if row.strength is not None][:MAX_BARS]
    most = max(2.0, min(MAX_STRENGTH, max((strength for _, strength in shown), default=0.0)))
    scale, height = (WIDTH - 60) / most, 34 * len(shown) + 24
    shapes = [f'<text x="{max(scale - 36, 0):.1f}" y="{height - 6}">usual at most</text>']
    for number, (row, strength) in enumerate(shown):
        y, width = 34 * number, min(strength, most) * scale
        kind = "hot" if row.is_alarm else "now"
        shapes.append(f'<text class="strong" x="0" y="{y + 13}">{write_label(name_of(row))}</text>')
        shapes.append(f'<rect class="{kind}" y="{y + 18}" width="{max(width, 1):.1f}" height="9"/>')
        shapes.append(f'<path class="usual" d="M{scale:.1f} {y + 17}v11"/>')
        shapes.append(f'<text x="{max(width, scale) + 6:.1f}" y="{y + 27}">{write_times(strength)}</text>')
    text = "Length: change divided by the largest usual change at this number of rows. Red: an alarm is open."
    return figures.write("The strongest changes against the usual state", text, (WIDTH, height), shapes)


def name_of(row: DriftRow) -> str:
    """Return the name of a row of drift for people, not escaped: `age_years`, or `age_years (missing)`."""
    return f"{row.subject} (missing)" if row.aspect == "missing" else row.subject


def plot_cells(figures: Figures, row: DriftRow) -> str:
    """Return a figure of the shares by cell: filled now, outlined in the usual state. A hidden count is drawn as 0."""
    pairs = [_shares(row.window), _shares(row.baseline)]
    most = max((share for shares in pairs for share in shares), default=0.0) or 1.0
    step, height = 180 / max(len(row.cells), 1), 70
    tops = [[height - share / most * (height - 6) for share in shares] for shares in pairs]
    bars = "".join(
        f"M{number * step + 1:.1f} {height}V{top:.1f}h{max(step - 2, 0.5):.1f}V{height}Z"
        for number, top in enumerate(tops[0])
    )
    steps = "".join(f"V{top:.1f}h{step:.1f}" for top in tops[1])
    kind = "hot" if row.is_alarm else "now"
    shapes = (
        f'<path class="{kind}" d="{bars}"/>' if bars else "",
        f'<path class="old" d="M0 {height}{steps}V{height}"/>' if steps else "",
    )
    return figures.write(name_of(row), "Filled: now. Outline: usual state.", (180, height + 2), shapes)


def _shares(counts: Sequence[int | None]) -> list[float]:
    total = sum(count or 0 for count in counts)
    return [(count or 0) / total if total else 0.0 for count in counts]


def plot_groups(figures: Figures, rows: Sequence[GroupRow]) -> str:
    """Return a figure of the ratios of the first 12 groups with their intervals.

    The scale is from a quarter to four. Rows without a shown ratio are left out. The tolerated zone, 0.8 to 1.25, is
    green.
    """
    shown = [row for row in rows if row.ratio is not None and row.ratio.value is not None][:MAX_GROUPS]
    height = 36 * len(shown) + 22

    def x_of(ratio: float | None) -> float:
        return 10 + (WIDTH - 20) * _log_place(ratio)

    low, high = x_of(0.8), x_of(1.25)
    shapes = [f'<rect class="zone" x="{low:.1f}" width="{high - low:.1f}" height="{height - 18}"/>']
    shapes += [
        f'<text class="m" x="{x_of(ratio):.1f}" y="{height - 4}">{ratio:g} {TIMES}</text>'
        for ratio in (0.5, 0.8, 1.25, 2)
    ]
    for number, row in enumerate(shown):
        y = 36 * number + 26
        kind, line = ("hot", "redline") if row.verdict == "fail" else ("now", "line")
        if row.ratio is None:
            continue
        shapes.append(f'<text class="strong" x="0" y="{y - 10}">{write_label(f"{row.attribute}: {row.group}")}</text>')
        shapes.append(f'<path class="{line}" d="M{x_of(row.ratio.low or 0.0):.1f} {y}H{x_of(row.ratio.high):.1f}"/>')
        shapes.append(f'<circle class="{kind}" r="4.5" cx="{x_of(row.ratio.value):.1f}" cy="{y}"/>')
    text = "A point in the middle means equal service. Green: tolerated. Red: outside with its whole interval."
    return figures.write("Events that the model flags, by group against all others", text, (WIDTH, height), shapes)


def _log_place(ratio: float | None) -> float:
    """Return the place of a ratio from 0 (a quarter or less) to 1 (four or more, or no limit)."""
    if ratio is None or ratio >= 4:
        return 1.0
    return 0.0 if ratio <= 0.25 else math.log(ratio * 4) / math.log(16)


def plot_weeks(figures: Figures, title: str, weeks: Sequence[Week], value_of: Callable[[Week], float | None]) -> str:
    """Return a figure with a line of weekly values, in the order of `weeks`.

    Weeks with the value None leave a gap; triangles mark alarms. Values up to 1 are shown in percent.
    """
    bottom, most = 150, _round_up(max((value_of(week) or 0.0 for week in weeks), default=0.0) or 1.0)
    is_share = most <= 1
    step = (WIDTH - _LEFT - _RIGHT) / max(len(weeks) - 1, 1)

    def y_of(value: float) -> float:
        return bottom - value / most * (bottom - 24)

    shapes = list(_share_axis(most, y_of) if is_share else _count_axis(most, y_of))
    path, is_open = "", False
    for number, week in enumerate(weeks):
        value, x = value_of(week), _LEFT + number * step
        if value is not None:
            path += f"{'L' if is_open else 'M'}{x:.1f} {y_of(value):.1f}" + ("" if is_open else "h.1")
        is_open = value is not None
        if week.alarms:
            shapes.append(
                f'<path class="hot" d="M{x - 6:.1f} 3h12l-6 11Z"/><path class="redline dash" d="M{x:.1f} 14V{bottom}"/>'
            )
    shapes.append(f'<path class="line" d="{path}"/>' if path else "")
    if weeks:
        shapes.append(f'<text x="{_LEFT}" y="170">{write_label(weeks[0].start)}</text>')
        shapes.append(f'<text class="e" x="{WIDTH - _RIGHT}" y="170">{write_label(weeks[-1].start)}</text>')
    return figures.write(title, "One point a week. A red triangle marks a week with an alarm.", (WIDTH, 176), shapes)


def _round_up(value: float) -> float:
    """Return the next greater number for an axis: 1, 2, 4, 6 or 10 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 4, 6, 10) if step * unit >= value * 0.999)


def _share_axis(most: float, y_of: Callable[[float], float]) -> Iterator[str]:
    return _axis(most, y_of, write_share)


def _count_axis(most: float, y_of: Callable[[float], float]) -> Iterator[str]:
    return _axis(most, y_of, lambda value: write_count(round(value)) if value else "0")


def _axis(most: float, y_of: Callable[[float], float], write: Callable[[float], str]) -> Iterator[str]:
    for value in (0.0, most / 2, most):
        y = y_of(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="e" x="{_LEFT - 6}" y="{y + 4:.1f}">{write(round(value, 3))}</text>'


def _ticks_below(most: float, x_of: Callable[[float], float], bottom: int) -> Iterator[str]:
    for share in (0.0, most / 2, most):
        place = "m" if share < most else "e"
        yield f'<text class="{place}" x="{x_of(share):.1f}" y="{bottom + 18}">{write_share(round(share, 3))}</text>'
