"""The report of an incident as Markdown. Texts of people and of AWS are shown as text, never as markup."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields

from vigil.operations.incidents.model import Facts
from vigil.operations.incidents.report_model import IncidentFigures, IncidentReport
from vigil.operations.incidents.steps_model import Scope

SECTIONS = (
    "Figures",
    "Subject",
    "Steps",
    "Alert",
    "Deployments",
    "Error groups",
    "Decisions",
    "Cause",
    "Open actions",
    "Timeline",
)
"""Sections of a report in their order. Each is present, also without content."""
_NONE = "None."
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters without a shape, and those that reorder a line."""
_ACTIVE = re.compile(r"@|#(?=\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""Characters that make a mention, a reference, or a link of plain text."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!&$^]")
_LEADING = re.compile(r"^(\d{1,9})(?=[.)])|^(?=[-+=])")
"""Beginning of a line that would be a list or a rule."""
_FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d{6}Z")
"""Fraction of a second in a timestamp."""
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
"""Units of durations, in seconds."""


def to_markdown(report: IncidentReport) -> str:
    """Return a report as Markdown with all sections. Its times have whole seconds, and its durations are in words."""
    contents = (
        _figures(report.figures),
        _facts(_subject(report.scope)),
        _steps(report),
        _text(report.alert_id),
        _facts(report.deployments),
        _facts(report.error_groups),
        _facts(report.decisions),
        _text(report.cause),
        _list(map(escape, report.open_actions)),
        _timeline(report),
    )
    head = f"# Incident {escape(report.incident_id)}: {escape(report.title)}\n\nState: {report.state}. "
    head += f"Opened by {escape(report.opened_by)}.\n"
    parts = (f"## {name}\n\n{content}\n" for name, content in zip(SECTIONS, contents, strict=True))
    return _FRACTION.sub(r"\1Z", "\n".join((head, *parts)))


def _figures(figures: IncidentFigures) -> str:
    names = [each.name for each in fields(figures)]
    rows = [(name.replace("seconds_to", "time_to").replace("_", " "), _value(getattr(figures, name))) for name in names]
    return _table(("figure", "value"), rows)


def _subject(scope: Scope) -> Facts:
    texts = {each.name: getattr(scope, each.name) for each in fields(scope) if each.name != "incident_id"}
    return tuple((name, ", ".join(text) if isinstance(text, tuple) else text) for name, text in texts.items() if text)


def _steps(report: IncidentReport) -> str:
    rows = [
        (
            *(str(step.number), step.title, step.status, f"{step.minutes} min", _value(step.seconds)),
            *(", ".join(step.by), step.confirmed_by, step.text),
        )
        for step in report.steps
    ]
    return _table(("step", "title", "state", "time allowed", "time taken", "by", "confirmed by", "result"), rows)


def _timeline(report: IncidentReport) -> str:
    rows = [
        (entry.at, entry.kind.replace("_", " "), str(entry.step or ""), entry.by, entry.text, _joined(entry.facts))
        for entry in report.timeline
    ]
    return _table(("time", "act", "step", "by", "text", "facts"), rows)


def _joined(facts: Facts) -> str:
    return "; ".join(f"{name}: {text}" for name, text in facts)


def _facts(facts: Facts) -> str:
    return _list(f"{escape(name)}: {escape(text)}" for name, text in facts)


def _text(text: str) -> str:
    return escape(text) if text else _NONE


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines) or _NONE


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else format_duration(value)


def format_duration(seconds: float) -> str:
    """Return a duration in words with whole seconds: `1 hour 2 minutes`. A part of a second is dropped."""
    left, parts = int(seconds), []
    for name, size in _UNITS:
        number, left = divmod(left, size)
        parts += [f"{number} {name}{'' if number == 1 else 's'}"] if number else []
    return " ".join(parts) or "less than a second"


def escape(text: str) -> str:
    """Return a text on one line that is neither markup nor a link, a mention or a reference in any program.

    Programs make links and mentions after the backslashes are gone. Their characters are therefore put into brackets:
    `https[:]//a.example`, `www[.]a.example`, `[@]ada`, `[#]12`.
    """
    line = " ".join(_HIDDEN.sub("", " ".join(text.split())).split())
    return _LEADING.sub(r"\1\\", _MARKUP.sub(r"\\\g<0>", _ACTIVE.sub(r"[\g<0>]", line)))
