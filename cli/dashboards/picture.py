"""Draws the dashboard with invented data, as a picture for the docs: `python -m cli.dashboards.picture`."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cli.checkout import ROOT
from cli.dashboards.cloudwatch import COLUMNS
from cli.dashboards.panels import Panel, Search, Series, build_panels

PICTURE = ROOT / "docs" / "operations" / "dashboard.svg"
MINUTES = 60
OUTAGE = range(32, 44)
"""Minutes in which the database of the invented data fails."""
_UNITS = {"count": "", "share": "share", "milliseconds": "ms", "megabytes": "MB", "seconds": "s"}


@dataclass(frozen=True, slots=True)
class Level:
    """Usual value of a series, its spread (the standard deviation), and its value in the outage.

    All are in the unit of the panel.
    """

    usual: float
    spread: float
    outage: float


LEVELS: Mapping[tuple[str, str], Level] = {
    ("Request rate", "requests a minute"): Level(900, 50, 700),
    ("Error rate", "5xx"): Level(0.001, 0.001, 0.08),
    ("Error rate", "4xx"): Level(0.02, 0.004, 0.02),
    ("Latency", "p50"): Level(45, 4, 300),
    ("Latency", "p95"): Level(140, 12, 1500),
    ("Latency", "p99"): Level(320, 40, 2400),
    ("Active predictions", "scoring-api"): Level(4, 1, 14),
    ("Active predictions", "batches-chunk"): Level(6, 1, 10),
    ("Model accuracy", "AUC"): Level(0.71, 0, 0.71),
    ("Open findings", "findings"): Level(1, 0, 1),
    ("Risk levels", "low"): Level(560, 30, 430),
    ("Risk levels", "moderate"): Level(230, 20, 180),
    ("Risk levels", "high"): Level(60, 8, 50),
    ("Database", "decisions: PutItem"): Level(9, 1, 90),
    ("Database", "limits: UpdateItem"): Level(7, 1, 70),
    ("Database", "failed requests"): Level(0, 0, 60),
    ("Queue depth", "batch-chunks"): Level(20, 6, 160),
    ("Queue depth", "webhook-deliveries"): Level(2, 1, 30),
    ("Queue age", "batch-chunks"): Level(30, 8, 420),
    ("Queue age", "webhook-deliveries"): Level(4, 2, 120),
    ("Circuit breakers", "openings, tenants"): Level(0, 0, 1),
    ("Resources", "memory, scoring"): Level(410, 6, 430),
    ("Resources", "memory, batches"): Level(640, 15, 660),
    ("Refusals and dead letters", "no valid credential"): Level(6, 2, 6),
    ("Refusals and dead letters", "no permission"): Level(2, 1, 2),
    ("Refusals and dead letters", "dead letters"): Level(0, 0, 4),
    ("Recent alerts", "notices sent"): Level(0, 0, 3),
}
"""Levels of the series by panel and label. All others are 0."""
_ZERO = Level(0, 0, 0)
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "vigil", "font.size": 8, "axes.titlesize": 10}


def invent_values(panel: Panel, series: Series | Search) -> Sequence[float]:
    """Return 60 values, one per minute of the hour, in the unit of the panel. They are the same at every call.

    The values show an outage in the minutes of OUTAGE. A series without a level has only zeros.
    """
    level = LEVELS.get((panel.title, series.label), _ZERO)
    chance = Random(f"{panel.title}/{series.label}")  # noqa: S311 - invented values, not secrets
    centres = (level.outage if minute in OUTAGE else level.usual for minute in range(MINUTES))
    return [max(0.0, chance.gauss(centre, level.spread)) for centre in centres]


def draw_dashboard(panels: Sequence[Panel]) -> str:
    """Return the picture of the dashboard as SVG with the reader's own font.

    The panels, the releases of matplotlib and its packages, and the machine's arithmetic decide its bytes. Settings of
    matplotlib on the machine have no effect. No check compares the bytes.
    """
    rows = -(-len(panels) // COLUMNS)
    with style.context(("default", _SETTINGS)):
        figure = Figure(figsize=(14, 2.6 * rows), layout="constrained")
        places = figure.subplots(rows, COLUMNS).flat
        for axes, panel in zip(places, panels, strict=False):
            _draw_panel(axes, panel)
        for axes in places[len(panels) :]:
            axes.axis("off")
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, loc="left", fontweight="bold")
    axes.set_xlim(0, MINUTES - 1)
    axes.set_ylabel(_UNITS[panel.unit])
    axes.grid(axis="y", alpha=0.3)
    for series in panel.series:
        axes.plot(range(MINUTES), invent_values(panel, series), linewidth=1.1, label=series.label)
    if panel.threshold is not None:
        axes.axhline(panel.threshold, color="tab:red", linestyle="--", linewidth=1, label=f"alarm {panel.alarm}")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=6, loc="upper left", framealpha=0.7)


if __name__ == "__main__":
    PICTURE.write_text(draw_dashboard(build_panels()))
