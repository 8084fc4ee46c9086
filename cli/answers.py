"""Answers of the service in words: shared by `vigil score` and `vigil demo`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.bar import Bar
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from vigil.prediction.features.quantities import format_rounded

Answer = Mapping[str, Any]
_WARNINGS = {
    "no_calibration": "the model has no certified threshold, so the answer has no guarantee",
    "never_missing_in_training": "a value is missing that every row of the training had",
}
"""Sentences for the warnings that have no parameter."""
_WIDE_CONSOLE = 90
"""Minimum width of a console for bars of 12 characters, in characters. A narrower console has bars of 5."""
_INDENT = 5
"""Indentation of the lines below the first one, in characters."""


@dataclass(frozen=True, slots=True)
class _ProbabilityBar:
    """Bar whose length depends only on the console, so that the bars of several answers are comparable."""

    probability: float
    color: str

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> RenderResult:
        yield Bar(1.0, 0, self.probability, width=_bar_width(console), color=self.color)

    def __rich_measure__(self, console: Console, _: ConsoleOptions) -> Measurement:
        width = _bar_width(console)
        return Measurement(width, width)


def render_heading(answer: Answer, outcome: str | None) -> Text:
    """Return the line with the model of an answer and the outcome that it predicts, if that is known."""
    model = answer["model"]
    chance = f", chance of {readable(outcome)}" if outcome else ""
    return Text.assemble("   model ", (model["name"], "bold"), f" version {model['version']}{chance}")


def render_answer(answer: Answer, bands: Sequence[str], reasons: int, truth: str = "") -> Group:
    """Return a line with subject, probability, band and decision, and lines with abstention, reasons and warnings.

    `bands` are the names of the model's bands from low to high, `reasons` the maximum number of reasons.
    """
    color = _band_color(answer["band"], bands)
    line = Table.grid(*(Column(no_wrap=True) for _ in range(7)), padding=(0, 2))
    line.add_row(
        " ",
        Text(answer["subject_id"], style="bold"),
        _ProbabilityBar(answer["probability"] or 0.0, color),
        _percent(answer["probability"]),
        Text(f"band {answer['band']}" if answer["band"] in bands else readable(answer["band"]), style=color),
        Text(f"→ {readable(answer['decision'])}"),
        Text(truth, style="dim"),
    )
    effective = [reason for reason in answer["explanation"] or () if reason["contribution"]]
    return Group(
        line,
        *_abstention(answer["abstention"]),
        *(_reason(reason) for reason in effective[:reasons]),
        *(_indented(Text(f"warning: {_WARNINGS.get(code, readable(code))}", "yellow")) for code in answer["warnings"]),
    )


def render_guarantee(answer: Answer) -> Iterator[RenderableType]:
    """Yield the line with the guarantee of an answer, if it has one."""
    if guarantee := answer["guarantee"]:
        error = "miss the outcome" if guarantee["harm"] == "missed" else "are wrong"
        most, confidence = (format_rounded(100 * share) for share in (guarantee["alpha"], 1 - guarantee["delta"]))
        yield _indented(
            Text(f"guarantee: of such answers at most {most} % {error}, with a confidence of {confidence} %")
        )


def readable(name: str | None) -> str:
    """Return a name such as `call_patient` in words."""
    return (name or "unknown").replace("_", " ")


def _bar_width(console: Console) -> int:
    return 12 if console.width >= _WIDE_CONSOLE else 5


def _indented(line: Text) -> RenderableType:
    return Padding(line, (0, 0, 0, _INDENT), expand=False)


def _percent(probability: float | None) -> str:
    if probability is None:
        return "unknown"
    return "below 1 %" if probability < 0.005 else f"{probability:.0%}".replace("%", " %")


def _abstention(abstention: Answer | None) -> Iterator[RenderableType]:
    if abstention:
        causes = readable(", ".join(abstention["reasons"]))
        fact = abstention["missing_fact"]
        advice = f"; most useful missing fact: {fact['label']}" if fact else ""
        yield _indented(Text(f"no automatic decision: {causes}{advice}", style="yellow"))


def _reason(reason: Answer) -> RenderableType:
    """Return a reason such as `▲ raises  Regimen: dolutegravir (DTG)`: its sentence without the name of the outcome."""
    effect = ("▲ raises", "red") if reason["contribution"] > 0 else ("▼ lowers", "green")
    fact, _, _ = reason["text"].rpartition("; ")
    return _indented(Text.assemble(effect, f"  {fact or reason['text']}"))


def _band_color(band: str | None, bands: Sequence[str]) -> str:
    if band not in bands:
        return "yellow"
    rank = bands.index(band) / max(1, len(bands) - 1)
    return "green" if rank == 0 else "red" if rank == 1 else "yellow"
