"""Answers of the service in words: shared by `vigil score` and `vigil demo`.

Print them with `crop=False`: a line that is longer than a narrow terminal stays whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.bar import Bar
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from cli.terminal import visible
from vigil.prediction.features.quantities import format_rounded

Answer = Mapping[str, Any]
_WARNINGS = {
    "no_calibration": "the model has no certified threshold, so the answer has no guarantee",
    "never_missing_in_training": "a value is missing that every row of the training had",
}
"""Sentences for the warnings that have no parameter."""
_MARGIN = 3
"""Indentation of the first line of an answer, in characters."""
_INDENT = 5
"""Indentation of the lines below the first one, in characters."""
_WIDE_CONSOLE = 90
"""Minimum width of a console for bars of 12 characters, in characters. A narrower console has bars of 5."""


@dataclass(frozen=True, slots=True)
class _Headline:
    """Line with the subject, the bar and the facts of an answer.

    The subject has lines of its own if the line is too long. The facts are never folded or cut.
    """

    subject: str
    probability: float
    color: str
    facts: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one line, or the lines of the subject and the lines of the facts."""
        subject = Text(self.subject, "bold")
        facts = [*self._bar(console, options), *(fact for fact in self.facts if fact)]
        line = _whole_line([subject, *facts], _MARGIN)
        if line.cell_len <= options.max_width:
            yield line
            return
        yield Padding(subject, (0, 0, 0, _MARGIN), expand=False)
        row: list[Text] = []
        for fact in facts:
            if row and _whole_line([*row, fact], _INDENT).cell_len > options.max_width:
                yield _whole_line(row, _INDENT)
                row = []
            row.append(fact)
        yield _whole_line(row, _INDENT)

    def _bar(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the bar, unless the encoding of the output has no blocks."""
        if not options.ascii_only:
            bar = Bar(1.0, 0, self.probability, width=12 if console.width >= _WIDE_CONSOLE else 5)
            blocks = "".join(segment.text for segment in console.render(bar, options)).rstrip("\n")
            yield Text(blocks, self.color)


def _whole_line(parts: Sequence[Text], indent: int) -> Text:
    line = Text(" " * indent, no_wrap=True, overflow="ignore")
    return line.append_text(Text("  ").join(parts))


def render_heading(answer: Answer, outcome: str | None) -> Text:
    """Return the line with the model of an answer and the outcome that it predicts, if that is known."""
    model = answer["model"]
    chance = f", chance of {readable(outcome)}" if outcome else ""
    return Text.assemble("   model ", (visible(model["name"]), "bold"), visible(f" version {model['version']}{chance}"))


def render_answer(answer: Answer, bands: Sequence[str], reasons: int, truth: str = "") -> Group:
    """Return a line with subject, probability, band and decision, and lines with abstention, reasons and warnings.

    `bands` are the names of the model's bands from low to high, `reasons` the maximum number of reasons.
    """
    color = _band_color(answer["band"], bands)
    band = f"band {answer['band']}" if answer["band"] in bands else readable(answer["band"])
    facts = (
        Text(_percent(answer["probability"])),
        Text(visible(band), color),
        Text(visible(f"→ {readable(answer['decision'])}")),
        Text(truth, "dim"),
    )
    effective = [reason for reason in answer["explanation"] or () if reason["contribution"]]
    return Group(
        _Headline(visible(answer["subject_id"]), answer["probability"] or 0.0, color, facts),
        *_abstention(answer["abstention"]),
        *(_reason(reason) for reason in effective[:reasons]),
        *(
            _indented(Text(visible(f"warning: {_WARNINGS.get(code, readable(code))}"), "yellow"))
            for code in answer["warnings"]
        ),
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
        yield _indented(Text(visible(f"no automatic decision: {causes}{advice}"), style="yellow"))


def _reason(reason: Answer) -> RenderableType:
    """Return a reason such as `▲ raises  Regimen: dolutegravir (DTG)`: its sentence without the name of the outcome."""
    effect = ("▲ raises", "red") if reason["contribution"] > 0 else ("▼ lowers", "green")
    fact, _, _ = reason["text"].rpartition("; ")
    return _indented(Text.assemble(effect, visible(f"  {fact or reason['text']}")))


def _band_color(band: str | None, bands: Sequence[str]) -> str:
    if band not in bands:
        return "yellow"
    rank = bands.index(band) / max(1, len(bands) - 1)
    return "green" if rank == 0 else "red" if rank == 1 else "yellow"
